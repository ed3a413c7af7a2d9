//! Debian packages by name, from the archive that this machine already uses.
//!
//! An [`Archive`] is an apt of its own: own lists and cache, so that it may look at the backports and at another
//! architecture without a change to the machine's apt. Addresses and suites come from the machine's own sources.

use anyhow::{Context, Result, anyhow, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::run;

/// An apt over the release of this machine and, for this machine's own architecture, its backports.
pub struct Archive {
    configuration: PathBuf,
    release: String,
    backports: String,
    /// Option of apt for an empty list of installed packages.
    uninstalled: String,
}

impl Archive {
    /// An archive of packages for this machine, which knows what is installed. Its lists are kept in `folder`.
    pub fn of_this_machine(folder: &Path) -> Result<Archive> {
        Archive::open(folder, None, &[])
    }

    /// As [`Archive::of_this_machine`], and over `suites` too, which are of other releases: to unpack, never to install.
    pub fn with_suites(folder: &Path, suites: &[&str]) -> Result<Archive> {
        Archive::open(folder, None, suites)
    }

    /// An archive of packages for another architecture, to unpack and never to install.
    pub fn foreign(folder: &Path, architecture: &str) -> Result<Archive> {
        Archive::open(folder, Some(architecture), &[])
    }

    fn open(folder: &Path, architecture: Option<&str>, more: &[&str]) -> Result<Archive> {
        let lists = ["state/lists/partial", "cache/archives/partial"];
        let settings = ["etc/sources.list.d", "etc/apt.conf.d", "etc/preferences.d"];
        for part in lists.into_iter().chain(settings) {
            fs::create_dir_all(folder.join(part)).with_context(|| format!("creating {}", folder.display()))?;
        }
        let own = folder.display();
        let installed = match architecture {
            None => "/var/lib/dpkg/status".to_owned(),
            Some(_) => format!("{own}/state/status"),
        };
        // Of a machine on which nothing is installed: for what is fetched, versions of this machine decide nothing.
        fs::write(folder.join("state/status"), "")?;
        let uninstalled = format!("Dir::State::status={own}/state/status");
        let mut text = format!(
            "Dir::State \"{own}/state\";\nDir::State::status \"{installed}\";\nDir::Cache \"{own}/cache\";\n\
             Dir::Etc \"{own}/etc\";\nDir::Etc::TrustedParts \"/etc/apt/trusted.gpg.d\";\nAPT::Sandbox::User \"root\";\n"
        );
        // Old machines have keys there; the option is deprecated, and a newer apt warns where it is set.
        let old_keys = Path::new("/etc/apt/trusted.gpg");
        if old_keys.exists() {
            text.push_str(&format!("Dir::Etc::Trusted \"{}\";\n", old_keys.display()));
        }
        if let Some(name) = architecture {
            text.push_str(&format!("APT::Architecture \"{name}\";\nAPT::Architectures {{ \"{name}\"; }};\n"));
        }
        let configuration = folder.join("apt.conf");
        fs::write(&configuration, text)?;
        let release = codename()?;
        let backports = format!("{release}-backports");
        let mut suites = match architecture {
            None => vec![release.clone(), backports.clone()],
            Some(_) => vec![release.clone()],
        };
        for suite in more.iter().filter(|suite| suites.iter().all(|known| known != *suite)).collect::<Vec<_>>() {
            suites.push((*suite).to_owned());
        }
        let (stanzas, lines) = sources(Path::new("/etc/apt"), &release, &suites)?;
        fs::write(folder.join("etc/sources.list.d/archive.sources"), stanzas)?;
        fs::write(folder.join("etc/sources.list.d/archive.list"), lines)?;
        let archive = Archive { configuration, release, backports, uninstalled };
        run(archive.apt(&["update", "-q"]).stdout(Stdio::null()))?;
        Ok(archive)
    }

    fn apt(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("apt-get");
        command.env("APT_CONFIG", &self.configuration).env("DEBIAN_FRONTEND", "noninteractive");
        command.args(["-o", "DPkg::Lock::Timeout=300"]).args(arguments).stdin(Stdio::null());
        command
    }

    /// Returns the suite of the release.
    pub fn release(&self) -> &str {
        &self.release
    }

    /// Returns the suite of the release's backports.
    pub fn backports(&self) -> &str {
        &self.backports
    }

    /// Returns the version that the release itself has of a package.
    pub fn release_version(&self, package: &str) -> Result<Option<String>> {
        let mut command = Command::new("apt-cache");
        command.env("APT_CONFIG", &self.configuration).args(["madison", package]);
        let output = command.stdin(Stdio::null()).output().context("starting apt-cache")?;
        Ok(version_in(&String::from_utf8_lossy(&output.stdout), &self.release))
    }

    /// Returns the packages that an installation of a suite's package would install or replace. Nothing is installed.
    pub fn would_install(&self, suite: &str, package: &str) -> Result<Vec<String>> {
        let mut command = self.apt(&["install", "-s", "-q", "--no-install-recommends", "-t", suite, package]);
        let output = command.output().context("starting apt-get")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "apt-get -s install -t {suite} {package}: {text}{said}");
        let names = text.lines().filter_map(|line| line.strip_prefix("Inst ")?.split_whitespace().next());
        Ok(names.map(str::to_owned).collect())
    }

    /// Names of the packages that a suite's package depends on and that `wanted` likes.
    pub fn dependencies(&self, suite: &str, package: &str, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>> {
        let mut command = Command::new("apt-cache");
        command.env("APT_CONFIG", &self.configuration).args(["-o", &self.uninstalled, "depends", "-t", suite, package]);
        let output = command.stdin(Stdio::null()).output().context("starting apt-cache")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let names = text.lines().filter_map(|line| line.trim_start_matches([' ', '|']).strip_prefix("Depends: "));
        Ok(names.filter(|name| wanted(name)).map(str::to_owned).collect())
    }

    /// Fetches a suite's package into `folder`, and gives the file.
    pub fn download_of(&self, suite: &str, package: &str, folder: &Path) -> Result<PathBuf> {
        self.download_from(&["-t", suite], package, folder)
    }

    fn download_from(&self, options: &[&str], package: &str, folder: &Path) -> Result<PathBuf> {
        fs::create_dir_all(folder)?;
        let words = [&["-o", &self.uninstalled, "download", "-q"], options, &[package]].concat();
        run(self.apt(&words).current_dir(folder).stdout(Stdio::null()))?;
        let prefix = format!("{package}_");
        let mut files = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
        let is_it = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix));
        files.find(is_it).ok_or_else(|| anyhow!("{package}: expected a file in {}, found none", folder.display()))
    }

    /// Fetches the release's package and unpacks it into `folder`.
    pub fn unpack(&self, package: &str, folder: &Path) -> Result<()> {
        self.unpack_from(&[], package, folder)
    }

    /// Fetches a suite's package and unpacks it into `folder`.
    pub fn unpack_of(&self, suite: &str, package: &str, folder: &Path) -> Result<()> {
        self.unpack_from(&["-t", suite], package, folder)
    }

    fn unpack_from(&self, options: &[&str], package: &str, folder: &Path) -> Result<()> {
        let packages = folder.join("packages");
        let file = self.download_from(options, package, &packages)?;
        run(Command::new("dpkg-deb").arg("-x").arg(&file).arg(folder))?;
        fs::remove_dir_all(&packages)?;
        Ok(())
    }
}

/// Returns the version on the line of a suite in what `apt-cache madison` prints: `package | version | address suite/part`.
fn version_in(lines: &str, suite: &str) -> Option<String> {
    let of_suite = |line: &&str| line.split_whitespace().any(|word| word.split('/').next() == Some(suite));
    lines.lines().find(of_suite)?.split('|').nth(1).map(|version| version.trim().to_owned())
}

/// Returns the address of the archive that this machine's release comes from.
pub fn mirror() -> Result<String> {
    let release = codename()?;
    let (stanzas, lines) = sources(Path::new("/etc/apt"), &release, std::slice::from_ref(&release))?;
    let words = stanzas.lines().filter_map(|line| line.strip_prefix("URIs:")).chain(lines.lines());
    let mut words = words.flat_map(str::split_whitespace);
    words.find(|word| word.contains("://")).map(str::to_owned).context("expected the address of an archive, found none")
}

/// The name of this machine's Debian release, as suites have it.
fn codename() -> Result<String> {
    let text = fs::read_to_string("/etc/os-release").context("reading /etc/os-release")?;
    let name = text.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    match name {
        Some(name) => Ok(name.trim_matches('"').to_owned()),
        None => {
            bail!("/etc/os-release: expected VERSION_CODENAME, found none; packages are taken from Debian's archive")
        }
    }
}

/// The machine's own description of the archive, in both formats that apt has (sources.list(5)), for `suites` of the
/// same archive instead of those it names, and for any architecture.
fn sources(folder: &Path, release: &str, suites: &[String]) -> Result<(String, String)> {
    let mut files = vec![folder.join("sources.list")];
    if let Ok(entries) = fs::read_dir(folder.join("sources.list.d")) {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    let (mut stanzas, mut lines) = (String::new(), String::new());
    for path in files {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("sources") => text.split("\n\n").for_each(|part| stanzas.push_str(&stanza(part, release, suites))),
            Some("list") => text.lines().for_each(|part| lines.push_str(&line(part, release, suites))),
            _ => {}
        }
    }
    ensure!(
        !(stanzas.is_empty() && lines.is_empty()),
        "{}: expected a source with the suite {release}, found none",
        folder.display()
    );
    Ok((stanzas, lines))
}

/// A stanza of a .sources file when it is about this release, else nothing.
fn stanza(text: &str, release: &str, suites: &[String]) -> String {
    let named = text.lines().find_map(|line| line.strip_prefix("Suites:")).unwrap_or_default();
    if !named.split_whitespace().any(|suite| suite == release) {
        return String::new();
    }
    let mut stanza = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("Architectures:")) {
        match line.starts_with("Suites:") {
            true => stanza.push_str(&format!("Suites: {}", suites.join(" "))),
            false => stanza.push_str(line),
        }
        stanza.push('\n');
    }
    stanza.push('\n');
    stanza
}

/// A line of a .list file, once for each suite, when it is about this release; else nothing.
fn line(text: &str, release: &str, suites: &[String]) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.first() != Some(&"deb") || !words.contains(&release) || words.iter().any(|word| word.starts_with("[arch"))
    {
        return String::new();
    }
    let with = |suite: &String| {
        let words: Vec<&str> = words.iter().map(|word| if *word == release { suite.as_str() } else { word }).collect();
        words.join(" ") + "\n"
    };
    suites.iter().map(with).collect()
}

#[cfg(test)]
mod tests {
    use super::{line, stanza, version_in};

    fn suites() -> [String; 2] {
        ["x".to_owned(), "x-backports".to_owned()]
    }

    #[test]
    fn version_is_that_of_the_suite() {
        let lines = "qemu | 1:10.0 | http://a/debian x-backports/main amd64 Packages\n\
                     qemu | 1:7.2-7 | http://a/debian x/main amd64 Packages\n";
        assert_eq!(version_in(lines, "x").as_deref(), Some("1:7.2-7"));
        assert_eq!(version_in(lines, "y"), None);
    }

    #[test]
    fn a_stanza_of_the_release_gets_other_suites_and_every_architecture() {
        let text = "Types: deb\n# a remark\nURIs: http://a/debian\nSuites: x x-updates\nArchitectures: amd64\n";
        let expected = "Types: deb\nURIs: http://a/debian\nSuites: x x-backports\n\n";
        assert_eq!(stanza(text, "x", &suites()), expected);
        for other in ["x-security", "nodistro", "xy"] {
            assert_eq!(stanza(&format!("Types: deb\nSuites: {other}\n"), "x", &suites()), "");
        }
    }

    #[test]
    fn a_line_of_the_release_comes_once_for_each_suite() {
        let text = "deb http://a/debian x main contrib";
        assert_eq!(line(text, "x", &suites()), format!("{text}\ndeb http://a/debian x-backports main contrib\n"));
        assert_eq!(line("deb https://other/apt x-sdk main", "x", &suites()), "");
        assert_eq!(line("# deb http://a/debian x main", "x", &suites()), "");
    }
}
