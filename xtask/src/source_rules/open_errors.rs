//! Each public enum of errors is `#[non_exhaustive]`: a further reason to fail breaks no program that matches on the others.

use syn::visit::{self, Visit};

/// Public enums of errors without the attribute.
#[derive(Default)]
struct Closed(Vec<String>);

impl<'ast> Visit<'ast> for Closed {
    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        let is_public = matches!(item.vis, syn::Visibility::Public(_));
        let is_open = item.attrs.iter().any(|attribute| attribute.path().is_ident("non_exhaustive"));
        if is_public && !is_open && item.attrs.iter().any(derives_error) {
            self.0.push(item.ident.to_string());
        }
        visit::visit_item_enum(self, item);
    }
}

/// Whether the attribute derives `thiserror::Error`, under either of its names.
pub(super) fn derives_error(attribute: &syn::Attribute) -> bool {
    let mut found = false;
    if attribute.path().is_ident("derive") {
        // What is no list of paths is none of `derive`, and the compiler rejects it.
        let _ = attribute.parse_nested_meta(|derived| {
            found |= derived.path.segments.last().is_some_and(|last| last.ident == "Error");
            Ok(())
        });
    }
    found
}

fn closed(file: &syn::File) -> Vec<String> {
    let mut closed = Closed::default();
    closed.visit_file(file);
    closed.0
}

#[test]
fn closed_enum_of_errors_is_found() {
    let text = "#[derive(Debug, thiserror::Error)] pub enum Closed {} \
                #[derive(Debug, thiserror::Error)] #[non_exhaustive] pub enum Open {} \
                #[derive(thiserror::Error)] pub(crate) enum Inner {} \
                #[derive(Debug)] pub enum Other {} \
                mod inner { #[derive(Error)] pub enum Second {} }";
    assert_eq!(closed(&syn::parse_str(text).expect("a source")), ["Closed", "Second"]);
}

#[test]
fn every_public_enum_of_errors_is_open() {
    let mut found = Vec::new();
    for path in super::rust_files() {
        found.extend(closed(&super::parse(&path)).into_iter().map(|name| format!("{}: {name}", path.display())));
    }
    assert!(found.is_empty(), "expected `#[non_exhaustive]` on each, found none on:\n  {}", found.join("\n  "));
}
