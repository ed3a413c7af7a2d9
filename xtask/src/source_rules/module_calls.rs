//! No file of the capture module calls one that calls it, on any way round.

use crate::cargo::root;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// Begins the name of what files of the module share.
const SHARED: &str = "ds_";

/// Takes the comments and texts out of a source in C.
fn code(source: &str) -> String {
    let (mut code, mut rest) = (String::new(), source);
    while let Some(at) = rest.find(['/', '"']) {
        code.push_str(&rest[..at]);
        let left = &rest[at..];
        rest = if left.starts_with("/*") {
            left.split_once("*/").map_or("", |(_, after)| after)
        } else if left.starts_with("//") {
            &left[left.find('\n').unwrap_or(left.len())..]
        } else if let Some(text) = left.strip_prefix('"') {
            let mut before = '"';
            let end = text.find(|c| {
                let ends = c == '"' && before != '\\';
                before = c;
                ends
            });
            &text[end.map_or(text.len(), |end| end + 1)..]
        } else {
            code.push('/');
            &left[1..]
        };
    }
    code + rest
}

/// The shared names of a piece of code, types left out.
fn names(code: &str) -> impl Iterator<Item = &str> {
    let mut before = "";
    let words = code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.filter(move |word| {
        let is_type = before == "struct" || before == "enum";
        before = word;
        word.starts_with(SHARED) && !is_type
    })
}

/// The shared name that a definition outside of any function gives, unless it is static. `head` is what is before its body
/// or its end.
fn defined_by(head: &str) -> Option<&str> {
    // A line for the preprocessor has no end of its own.
    let mut head = head.trim_start();
    while head.starts_with('#') {
        head = head.split_once('\n')?.1.trim_start();
    }
    if ["static", "extern"].iter().any(|word| head.starts_with(word)) {
        return None;
    }
    let defines = ["DEFINE_", "DECLARE_"].iter().any(|word| head.starts_with(word));
    // Any other macro uses what is between its parentheses.
    names(if defines { head } else { head.split('(').next()? }).next()
}

/// The shared names that a file defines.
fn defined(code: &str) -> BTreeSet<&str> {
    let (mut depth, mut begin, mut found) = (0, 0, BTreeSet::new());
    for (at, c) in code.char_indices() {
        if depth == 0 && (c == '{' || c == ';') {
            found.extend(defined_by(&code[begin..at]));
        }
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && (c == ';' || c == '}') {
            begin = at + 1;
        }
    }
    found
}

/// Files that can reach themselves over what they use of others.
fn on_a_circle(files: &BTreeMap<String, String>) -> Vec<&str> {
    let code: BTreeMap<&str, String> = files.iter().map(|(name, text)| (name.as_str(), code(text))).collect();
    let homes: BTreeMap<&str, &str> =
        code.iter().flat_map(|(file, code)| defined(code).into_iter().map(|name| (name, *file))).collect();
    let uses = |file: &str| -> BTreeSet<&str> {
        names(&code[file]).filter_map(|name| homes.get(name).copied()).filter(|home| *home != file).collect()
    };
    let edges: BTreeMap<&str, BTreeSet<&str>> = code.keys().map(|file| (*file, uses(file))).collect();
    let reaches_itself = |start: &&str| {
        let (mut seen, mut left) = (BTreeSet::new(), vec![*start]);
        while let Some(file) = left.pop() {
            left.extend(edges[file].iter().filter(|next| seen.insert(**next)));
        }
        seen.contains(start)
    };
    edges.keys().copied().filter(reaches_itself).collect()
}

#[test]
fn circle_is_found_over_functions_and_data() {
    let write = |files: &[(&str, &str)]| -> BTreeMap<String, String> {
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    };
    let low = (
        "low.c",
        "#include <a.h>\nDEFINE_PER_CPU(struct ds_kind, ds_data);\nu64 ds_low(struct ds_kind *of)\n{ return 1; }\n",
    );
    let high = (
        "high.c",
        "/* ds_top(); */\nstatic int mine;\nvoid ds_high(void)\n{ ds_low(&ds_data); pr_info(\"ds_top \\\" \"); }\n",
    );
    let top = ("top.c", "SHOW(ds_low());\nstruct ds_kind ds_setting = { .a = 1 };\nvoid ds_top(void) { ds_high(); }\n");
    assert_eq!(on_a_circle(&write(&[low, high, top])), Vec::<&str>::new());
    for text in [
        "u64 ds_low(void)\n{ ds_high(); }",
        "static void f(void)\n{ ds_top(); }\nu64 ds_low(void)\n{ f(); }",
        "u64 ds_low(void)\n{ return ds_setting.a; }",
    ] {
        let found = write(&[("low.c", text), high, top]);
        let circle = on_a_circle(&found);
        assert!(
            circle.contains(&"low.c") && circle.contains(&"top.c") | circle.contains(&"high.c"),
            "{text}: {circle:?}"
        );
    }
}

#[test]
fn no_file_of_the_module_calls_one_that_calls_it() {
    let folder = fs::read_dir(root().join("kmod")).expect("the module's folder");
    let paths = folder.map(|entry| entry.expect("an entry").path());
    let sources = paths.filter(|path| path.extension().is_some_and(|extension| extension == "c"));
    let files: BTreeMap<String, String> =
        sources.map(|path| (path.display().to_string(), fs::read_to_string(&path).expect("a source"))).collect();
    assert!(files.len() > 15, "expected the module's files, found {:?}", files.keys());
    let shared: usize = files.values().map(|text| defined(&code(text)).len()).sum();
    assert!(shared > 60, "expected what the files share, found {shared} names");
    let circle = on_a_circle(&files);
    assert!(circle.is_empty(), "expected no circle, found {circle:?}; move what both need into a file of its own");
}
