//! Names of owners, as reports show them.

use std::collections::{HashMap, HashSet};

use crc32c::crc32c;

use super::OTHER_NAME;
use crate::attribution::describe;
use crate::event::Owners;
use crate::runtimes::NameCache;

/// Names that are not of a control group, whatever a group is called.
const RESERVED: [&str; 4] = [OTHER_NAME, "expired", "none", "unknown"];

/// The names of some owners by their keys.
///
/// The key of a container is the path of its control group. Its name is what its runtime calls it, or follows from the path. Where several paths have
/// one name, each gets a suffix that follows from its path too: the names depend neither on an order nor on a number.
#[derive(Debug)]
pub(super) struct Names<'a> {
    shared: HashSet<String>,
    names: HashMap<&'a str, String>,
    cache: Option<&'a NameCache>,
}

impl<'a> Names<'a> {
    /// The names of all; `cache` has what runtimes call their containers.
    pub(super) fn of(owners: &'a Owners, cache: Option<&'a NameCache>) -> Names<'a> {
        let mut names = HashMap::new();
        let (mut used, mut shared) = (HashSet::new(), HashSet::new());
        shared.extend(RESERVED.map(str::to_owned));
        for (_, owner) in owners.iter() {
            let key: &str = &owner.name;
            if names.contains_key(key) {
                // Its sends by content are an owner too.
                continue;
            }
            let name = plain(key, cache);
            if !used.insert(name.clone()) {
                shared.insert(name.clone());
            }
            names.insert(key, name);
        }
        Names { shared, names, cache }
    }

    /// Returns the name of an owner.
    pub(super) fn get(&self, key: &str) -> String {
        let name = self.names.get(key).cloned().unwrap_or_else(|| plain(key, self.cache));
        // What is not a path has no other name than its own.
        if name != key && self.shared.contains(&name) { format!("{name}~{:08x}", crc32c(key.as_bytes())) } else { name }
    }
}

/// The name of a key, without regard to others.
fn plain(key: &str, cache: Option<&NameCache>) -> String {
    if let Some(names) = cache.and_then(|cache| cache.of_path(key)) {
        return names.whole();
    }
    if key.starts_with('/') { describe(key).name } else { key.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::OwnerKind;

    fn names(keys: &[&str]) -> Vec<String> {
        let mut owners = Owners::default();
        keys.iter().for_each(|key| {
            owners.intern(OwnerKind::Container, key);
            owners.intern(OwnerKind::Sends, key);
        });
        let names = Names::of(&owners, None);
        keys.iter().map(|key| names.get(key)).collect()
    }

    #[test]
    fn equal_names_are_told_apart_in_any_order() {
        let keys = ["/one/a.service", "/system.slice/a.service", "/system.slice/b.service"];
        let [one, two, three] = names(&keys).try_into().expect("three");
        assert!(one.starts_with("a.service~") && two.starts_with("a.service~") && one != two, "{one} {two}");
        assert_eq!(three, "b.service");
        let reversed: Vec<&str> = keys.iter().rev().copied().collect();
        assert_eq!(names(&reversed), [three, two.clone(), one]);
        assert_eq!(names(&keys[1..]), ["a.service".to_owned(), "b.service".to_owned()], "alone it needs no suffix");
        assert_eq!(two, format!("a.service~{:08x}", crc32c(b"/system.slice/a.service")));
    }

    #[test]
    fn names_of_no_group_are_never_those_of_a_group() {
        let keys = ["unknown", "/unknown", "none", "/other", "/expired", "web"];
        let found = names(&keys);
        assert_eq!((&*found[0], &*found[2], &*found[5]), ("unknown", "none", "web"));
        for (at, begin) in [(1, "unknown~"), (3, "other~"), (4, "expired~")] {
            assert!(found[at].starts_with(begin), "{}", found[at]);
        }
    }
}
