//! Names of Docker's containers, from `/var/lib/docker/containers/ID/config.v2.json`.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

use super::places::Places;
use super::{Runtime, RuntimeError, RuntimeNames};

const FOLDER: &str = "var/lib/docker/containers";
/// Digits of an id: what is not one is no folder of Docker's.
const ID_DIGITS: usize = 64;

/// The parts of the file that name the container.
#[derive(Deserialize)]
struct Container {
    #[serde(rename = "Name", default)]
    name: String,
    #[serde(rename = "Config", default)]
    config: Config,
}

#[derive(Default, Deserialize)]
struct Config {
    #[serde(rename = "Labels", default)]
    labels: Option<HashMap<String, String>>,
}

/// The state folder of Docker.
pub(super) struct Docker {
    places: Places,
}

impl Docker {
    pub(super) fn new(places: &Places) -> Docker {
        Docker { places: places.clone() }
    }
}

impl Runtime for Docker {
    fn known(&mut self) -> Result<Option<usize>, RuntimeError> {
        let Some(folder) = self.places.of_runtime(FOLDER)? else { return Ok(None) };
        let entries = std::fs::read_dir(&folder).map_err(|source| RuntimeError::File { path: folder, source })?;
        let ids = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        Ok(Some(self.find(&ids.collect::<Vec<_>>())?.len()))
    }

    fn find(&mut self, wanted: &[String]) -> Result<Vec<(String, RuntimeNames)>, RuntimeError> {
        let Some(folder) = self.places.of_runtime(FOLDER)? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for id in wanted.iter().filter(|id| id.len() == ID_DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            let path = folder.join(id).join("config.v2.json");
            let bytes = match std::fs::read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(source) => return Err(RuntimeError::File { path, source }),
            };
            found.extend(names(&path, &bytes)?.map(|names| (id.clone(), names)));
        }
        Ok(found)
    }
}

fn names(path: &Path, bytes: &[u8]) -> Result<Option<RuntimeNames>, RuntimeError> {
    let container: Container =
        serde_json::from_slice(bytes).map_err(|source| RuntimeError::Json { path: path.to_path_buf(), source })?;
    let labels = container.config.labels.unwrap_or_default();
    // cri-dockerd gives kubelet's labels on.
    if let Some(names) = RuntimeNames::of_labels(|label| labels.get(label).map(String::as_str)) {
        return Ok(Some(names));
    }
    let name = container.name.trim_start_matches('/').to_owned();
    Ok((!name.is_empty()).then(|| RuntimeNames {
        container: Some(name),
        runtime: Some("docker"),
        ..RuntimeNames::default()
    }))
}
