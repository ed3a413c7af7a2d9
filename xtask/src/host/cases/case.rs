//! A case and how its result is read from the output of a test program.

/// Something that was reported, and the test that shows what happens now.
pub struct Case {
    /// Name of the case.
    pub name: &'static str,
    /// What is expected, in one line.
    pub expected: &'static str,
    /// Package of the test.
    pub package: &'static str,
    /// File of the test in the package's folder `tests`, without its ending.
    pub file: &'static str,
    /// Name of the test function.
    pub test: &'static str,
}

/// Returns `ok`, `FAILED`, or `missing` when the program ran no test of that name.
pub fn verdict(case: &Case, output: &str) -> &'static str {
    let results = output.lines().filter_map(|line| line.strip_prefix("test ")?.rsplit_once(" ... "));
    let of_case = |(name, _): &(&str, &str)| name.rsplit("::").next() == Some(case.test);
    match results.filter(of_case).map(|(_, result)| result == "ok").reduce(|a, b| a && b) {
        Some(true) => "ok",
        Some(false) => "FAILED",
        None => "missing",
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, verdict};
    use crate::cargo::{cargo, root};
    use crate::host::cases::all;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    #[test]
    fn absent_or_failed_test_is_not_ok() {
        let case = Case { name: "", expected: "", package: "", file: "", test: "ends" };
        assert_eq!(verdict(&case, "test cases::ends ... ok\n"), "ok");
        assert_eq!(verdict(&case, "test cases::ends ... FAILED\n"), "FAILED");
        assert_eq!(verdict(&case, "test cases::never_ends ... ok\n"), "missing");
        assert_eq!(verdict(&case, "test a::ends ... ok\ntest b::ends ... FAILED\n"), "FAILED");
    }

    #[test]
    fn each_case_has_a_name_of_its_own_and_a_test() {
        let folders = folders();
        let mut names = BTreeSet::new();
        for (area, case) in all() {
            assert!(names.insert(case.name), "{area}: two cases are called {}", case.name);
            let folder = folders.iter().find(|(package, _)| package == case.package).map(|(_, folder)| folder);
            let tests = folder.unwrap_or_else(|| panic!("{}: no package {}", case.name, case.package)).join("tests");
            let function = format!("fn {}(", case.test);
            let found =
                [tests.join(case.file), tests.join(format!("{}.rs", case.file))].iter().any(|p| holds(p, &function));
            assert!(found, "{}: no `{function}` in {} of {}", case.name, case.file, case.package);
        }
    }

    /// Whether a file, or one below a folder, contains a text.
    fn holds(path: &Path, text: &str) -> bool {
        match fs::read_dir(path) {
            Ok(entries) => entries.flatten().any(|entry| holds(&entry.path(), text)),
            Err(_) => fs::read_to_string(path).is_ok_and(|content| content.contains(text)),
        }
    }

    /// Names and folders of the workspace's packages.
    fn folders() -> Vec<(String, PathBuf)> {
        let output = cargo(&["metadata", "--no-deps", "--format-version", "1", "--offline"]).output().unwrap();
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        let folder = |manifest: &str| root().join(manifest).parent().unwrap().to_path_buf();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        packages.iter().map(|p| (text(&p["name"]), folder(&text(&p["manifest_path"])))).collect()
    }
}
