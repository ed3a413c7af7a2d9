//! Pressure stall information of control groups (`Documentation/accounting/psi.rst` of the kernel).

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

/// Bytes of a file that are read; one has about 150.
const MOST_BYTES: u64 = 4096;

/// What tasks wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Processors.
    Cpu,
    /// Memory.
    Memory,
    /// Storage.
    Io,
}

impl Resource {
    /// Every resource.
    pub const ALL: [Resource; 3] = [Resource::Cpu, Resource::Memory, Resource::Io];

    /// Name as in the file system.
    pub fn name(self) -> &'static str {
        match self {
            Resource::Cpu => "cpu",
            Resource::Memory => "memory",
            Resource::Io => "io",
        }
    }
}

/// Time that tasks of a group have waited for one resource, since the group was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pressure {
    /// In which at least one task waited.
    pub some: Duration,
    /// In which all tasks waited that were not idle; `None` where the kernel does not give it.
    pub full: Option<Duration>,
}

/// The pressure of one group by resource; `None` where the kernel or the group has no such file (`psi=0`, version 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pressures([Option<Pressure>; 3]);

impl Pressures {
    /// Reads `cpu.pressure`, `memory.pressure` and `io.pressure` in the folder of a group; `None` without any of them.
    pub fn read(folder: &Path) -> Option<Pressures> {
        let all = Resource::ALL.map(|resource| {
            let file = File::open(folder.join(format!("{}.pressure", resource.name()))).ok()?;
            let mut text = String::new();
            file.take(MOST_BYTES).read_to_string(&mut text).ok()?;
            parse(&text)
        });
        all.iter().any(Option::is_some).then_some(Pressures(all))
    }

    /// The pressure of one resource.
    pub fn of(&self, resource: Resource) -> Option<Pressure> {
        self.0[resource as usize]
    }
}

/// Parses lines as `some avg10=0.00 avg60=0.00 avg300=0.00 total=1234`, the total in microseconds.
fn parse(text: &str) -> Option<Pressure> {
    let total = |kind: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(' '))?;
        let total = line.split(' ').find_map(|field| field.strip_prefix("total="))?;
        total.parse().ok().map(Duration::from_micros)
    };
    Some(Pressure { some: total("some")?, full: total("full") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_of_each_resource_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
        assert_eq!(Pressures::read(folder.path()), None);
        write("cpu.pressure", "some avg10=98.87 avg60=98.98 avg300=93.16 total=8157184690\n");
        write(
            "memory.pressure",
            "some avg10=0.00 avg60=0.01 avg300=0.32 total=2500000\nfull avg10=0.00 avg60=0.00 avg300=0.13 total=1000001\n",
        );
        write("io.pressure", "some total=?\n");
        let read = Pressures::read(folder.path()).expect("pressure");
        let micros = Duration::from_micros;
        assert_eq!(read.of(Resource::Cpu), Some(Pressure { some: micros(8_157_184_690), full: None }));
        let memory = Pressure { some: micros(2_500_000), full: Some(micros(1_000_001)) };
        assert_eq!((read.of(Resource::Memory), read.of(Resource::Io)), (Some(memory), None));
    }
}
