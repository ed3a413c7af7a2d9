//! `/proc/PID/cgroup`: which control groups a process is in (`cgroups(7)`).

use super::text::Cursor;
use super::{ParseError, lossless};

/// What the file is called in errors.
const FILE: &str = "/proc/PID/cgroup";
/// Version 1 hierarchies to look at, the first that has more than `/` wins.
const V1_ORDER: [&str; 4] = ["memory", "pids", "cpu", "name=systemd"];

/// The paths of one process, version 2 and version 1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CgroupPaths {
    /// The path in the version 2 hierarchy.
    pub v2: Option<String>,
    /// Controllers and path of each version 1 hierarchy, in the order of the file.
    pub v1: Vec<(Vec<String>, String)>,
}

impl CgroupPaths {
    /// The path that states most about the process, and whether it is a version 2 path: the one
    /// of version 2 unless that is `/`, else the first of memory, pids, cpu and name=systemd
    /// that is not `/`, else `/`. `None` when the process is in no hierarchy at all.
    pub fn best(&self) -> Option<(&str, bool)> {
        if let Some(path) = self.v2.as_deref().filter(|path| *path != "/") {
            return Some((path, true));
        }
        for wanted in V1_ORDER {
            let found = self.v1.iter().find(|(controllers, _)| controllers.iter().any(|name| name == wanted));
            if let Some((_, path)) = found.filter(|(_, path)| path != "/") {
                return Some((path, false));
            }
        }
        match &self.v2 {
            Some(path) => Some((path, true)),
            None => self.v1.first().map(|_| ("/", false)),
        }
    }
}

/// Parses the text of `/proc/PID/cgroup`: lines of `number:controllers:path`.
///
/// # Errors
/// A line has another form, or its path does not start with `/`.
pub fn parse_cgroup(text: &[u8]) -> Result<CgroupPaths, ParseError> {
    let mut paths = CgroupPaths::default();
    let mut offset = 0u64;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let content = line.strip_suffix(b"\n").unwrap_or(line);
        let mut cursor = Cursor::new(FILE, content, offset);
        let number = cursor.decimal("the number of a hierarchy")?;
        cursor.literal(b":", "`:` before the controllers")?;
        let controllers = cursor.until(b':', "`:` behind the controllers")?;
        if cursor.peek() != Some(b'/') {
            return Err(cursor.error("a path that starts with `/`"));
        }
        // The path of a group that was removed ends in ` (deleted)`: it is not that of a group of its name that lives.
        let path = lossless::text(cursor.rest());
        if number == 0 && controllers.is_empty() {
            paths.v2 = Some(path);
        } else {
            let names = controllers
                .split(|&byte| byte == b',')
                .map(|name| String::from_utf8_lossy(name).into_owned())
                .collect();
            paths.v1.push((names, path));
        }
        offset = offset.saturating_add(line.len() as u64);
    }
    Ok(paths)
}
