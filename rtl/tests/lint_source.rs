//! The source lint rejects what it must, on its line, and nothing else.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

use std::collections::BTreeSet;

use deltascope_rtl::lint::source;

#[test]
fn planted_faults_are_found_where_they_stand() {
    let text = include_str!("fixtures/hostile.rs");
    let expected: BTreeSet<(usize, &str)> = text
        .lines()
        .enumerate()
        .filter_map(|(i, line)| Some((i + 1, line.split_once("// rule: ")?.1.trim())))
        .collect();
    assert_eq!(expected.len(), 20);
    let (kernels, findings) = source::lint_text("hostile.rs", text).unwrap();
    assert_eq!(kernels, 2);
    let found: BTreeSet<(usize, &str)> = findings
        .iter()
        .map(|f| (f.place.strip_prefix("hostile.rs:").unwrap().parse().unwrap(), f.rule.as_str()))
        .collect();
    let missed: Vec<_> = expected.difference(&found).collect();
    let extra: Vec<_> = found.difference(&expected).collect();
    assert!(missed.is_empty() && extra.is_empty(), "missed {missed:?}, extra {extra:?}");
}

#[test]
fn the_blocks_pass() {
    let folder = deltascope_rtl::paths::crate_folder().unwrap().join("src");
    let (mut kernels, mut marked) = (0, 0);
    for path in source::files(&folder).unwrap() {
        let text = std::fs::read_to_string(&path).unwrap();
        marked += text.lines().filter(|line| line.trim() == "#[hdl_gen]").count();
        let (count, findings) = source::lint_file(&path).unwrap();
        assert!(findings.is_empty(), "{findings:?}");
        kernels += count;
    }
    assert!(kernels >= 5, "only {kernels} update functions were looked at");
    assert_eq!(kernels, marked, "update functions linted, update functions in the sources");
}

const IN_A_MACRO: &str = "\
macro_rules! update {
    ($($name:ident { $($about:tt)* })*) => {
        impl Logic for Block {
            #[hdl_gen]
            fn update(&mut self) {
                $(
                    self.hit.$name.next = self.a.val() & self.$name.val() == self.b.val();
                )*
                self.any.next = self.counter.val() $(| self.hit.$name.val())*;
            }
        }
    };
}
";

#[test]
fn kernel_in_a_macro_is_linted() {
    let (kernels, findings) = source::lint_text("macro.rs", IN_A_MACRO).unwrap();
    assert_eq!(kernels, 1);
    let found: Vec<_> = findings.iter().map(|f| (f.place.as_str(), f.rule.as_str())).collect();
    assert_eq!(found, [("macro.rs:7", "precedence")]);
}

#[test]
fn kernel_in_an_unreadable_macro_is_a_finding() {
    let text = IN_A_MACRO.replace("self.any.next =", "self.any.next = =");
    let (kernels, findings) = source::lint_text("macro.rs", &text).unwrap();
    assert_eq!((kernels, findings.len()), (0, 1));
    assert_eq!(findings[0].rule, "macro");
}
