//! Cargo, as tests and tasks start it.

use std::process::Command;

/// What `cargo run` and `cargo test` tell the program that they start about its package: names begin with one of these.
const OF_A_PACKAGE: [&str; 3] = ["CARGO_MANIFEST_", "CARGO_PKG_", "OUT_DIR"];

/// Returns a command of the cargo that this program was started with, or else of the one in the path.
///
/// It does not hear of this program's package: build scripts of some dependencies (ring's) ask for these variables, and cargo
/// compiles such a dependency anew, with all that needs it, whenever a variable differs from the last build's.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| OF_A_PACKAGE.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::cargo;

    #[test]
    fn cargo_hears_nothing_of_the_package_of_its_parent() {
        let removed = |wanted: &str| cargo().get_envs().any(|(name, value)| name == wanted && value.is_none());
        // This test runs under cargo, which has set them.
        assert!(removed("CARGO_MANIFEST_DIR") && removed("CARGO_PKG_NAME"));
    }
}
