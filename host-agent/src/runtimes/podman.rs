//! Names of Podman's containers, from the files of containers/storage: those of root, and of every user with a home.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::places::Places;
use super::{Runtime, RuntimeError, RuntimeNames};

/// The storage of root, and that of a user below the home folder.
const STORAGE: &str = "var/lib/containers/storage";
const OF_USER: &str = ".local/share/containers/storage";
/// Drivers that have a folder of containers.
const DRIVERS: [&str; 3] = ["overlay-containers", "vfs-containers", "btrfs-containers"];
/// Files of it: containers that stay, and those that are gone after a restart of the machine.
const FILES: [&str; 2] = ["containers.json", "volatile-containers.json"];
/// Users whose homes are looked into.
const USERS: usize = 256;

/// The parts of an entry that name a container.
#[derive(Deserialize)]
struct Container {
    id: String,
    #[serde(default)]
    names: Option<Vec<String>>,
}

/// The storages of Podman.
pub(super) struct Podman {
    places: Places,
}

impl Podman {
    pub(super) fn new(places: &Places) -> Podman {
        Podman { places: places.clone() }
    }

    fn storages(&self) -> Result<Vec<PathBuf>, RuntimeError> {
        let mut storages: Vec<PathBuf> = self.places.of_runtime(STORAGE)?.into_iter().collect();
        let users = self.places.first("etc/passwd").and_then(|path| std::fs::read_to_string(path).ok());
        for home in users.iter().flat_map(|users| users.lines()).filter_map(|user| user.split(':').nth(5)).take(USERS) {
            let below = Path::new(home.trim_start_matches('/')).join(OF_USER);
            let storage = below.to_str().and_then(|below| self.places.first(below));
            storages.extend(storage.filter(|storage| !storages.contains(storage)));
        }
        Ok(storages)
    }

    /// All containers with a name, of each storage that there is.
    fn all(&self) -> Result<Vec<(String, RuntimeNames)>, RuntimeError> {
        let mut all = Vec::new();
        for storage in self.storages()? {
            for path in DRIVERS.iter().flat_map(|driver| FILES.map(|file| storage.join(driver).join(file))) {
                match std::fs::read(&path) {
                    Ok(bytes) => all.extend(names(&path, &bytes)?),
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(source) => return Err(RuntimeError::File { path, source }),
                }
            }
        }
        Ok(all)
    }
}

impl Runtime for Podman {
    fn known(&mut self) -> Result<Option<usize>, RuntimeError> {
        let all = self.all()?.len();
        Ok((!self.storages()?.is_empty()).then_some(all))
    }

    fn find(&mut self, wanted: &[String]) -> Result<Vec<(String, RuntimeNames)>, RuntimeError> {
        let wanted: HashSet<&str> = wanted.iter().map(String::as_str).collect();
        Ok(self.all()?.into_iter().filter(|(id, _)| wanted.contains(id.as_str())).collect())
    }
}

fn names(path: &Path, bytes: &[u8]) -> Result<Vec<(String, RuntimeNames)>, RuntimeError> {
    let containers: Vec<Container> =
        serde_json::from_slice(bytes).map_err(|source| RuntimeError::Json { path: path.to_path_buf(), source })?;
    let named = containers.into_iter().filter_map(|container| {
        let name = container.names?.into_iter().find(|name| !name.is_empty())?;
        let names = RuntimeNames { container: Some(name), runtime: Some("podman"), ..RuntimeNames::default() };
        Some((container.id, names))
    });
    Ok(named.collect())
}
