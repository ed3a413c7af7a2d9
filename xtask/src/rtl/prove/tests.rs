use super::*;

fn source(text: &str) -> Source {
    Source { module: "Planted".to_owned(), text: without_comments(text).unwrap() }
}

#[test]
fn comments_and_strings_are_blank_and_lines_stay() {
    let text = "(* Admitted (* nested *)\n Axiom *) Lemma a. \"Abort\"\nQed.";
    let blank = without_comments(text).unwrap();
    assert_eq!(blank.lines().count(), 3);
    let left: Vec<&str> = blank.lines().flat_map(words).collect();
    assert_eq!(left, ["Lemma", "a", "Qed"]);
}

#[test]
fn an_operator_with_a_bracket_is_no_comment() {
    let blank = without_comments("a (+) b * (c)").unwrap();
    assert_eq!(blank, "a (+) b * (c)");
}

#[test]
fn what_is_not_closed_is_an_error() {
    assert!(without_comments("(* (* *)").is_err());
    assert!(without_comments("\"abc").is_err());
}

#[test]
fn every_refused_word_is_refused_with_its_line() {
    for word in REFUSED {
        let error = refuse_holes(&source(&format!("Qed.\n{word}.\n"))).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("Planted.v:2"), "{message}");
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn names_that_contain_a_refused_word_are_not_refused() {
    refuse_holes(&source("Lemma admitted_is_fine. Axiom_of. no_admit' (* Axiom *)")).unwrap();
}

#[test]
fn theorems_are_found_over_line_breaks_and_lemmas_are_not() {
    let found = list_theorems(&[source(
        "Theorem one {n : nat} : x.\nLemma two : y.\nTheorem\n  three' : z. (* Theorem four *)",
    )])
    .unwrap();
    let names: Vec<&str> = found.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["one", "three'"]);
    assert_eq!(found[0].file, "Planted.v");
}

#[test]
fn no_theorem_and_the_same_theorem_twice_are_errors() {
    assert!(list_theorems(&[source("Lemma a.")]).is_err());
    assert!(list_theorems(&[source("Theorem a. Theorem a.")]).is_err());
    assert!(list_theorems(&[source("Theorem ")]).is_err());
}

#[test]
fn the_table_of_a_readme_is_read_by_its_first_column() {
    let names =
        table_names("# `no`\n| `File.v` | x |\n| theorem | says |\n|---|---|\n| `a` | uses `b` |\n| `c'` | x |");
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a", "c'"]);
}

#[test]
fn only_the_closed_sentence_is_closed() {
    assert!(assumptions("Closed under the global context\n").is_empty());
    assert_eq!(
        assumptions("Axioms:\nfunctional_extensionality_dep\n  : forall A,\n    x\nhole : 1 = 2\n"),
        ["functional_extensionality_dep", "hole"]
    );
    assert_eq!(assumptions("").len(), 1);
    assert_eq!(assumptions("Axioms:\n").len(), 1);
}
