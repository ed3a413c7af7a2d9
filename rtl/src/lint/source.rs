//! Finds the update functions in a source and puts them through the rules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::visit::Visit;

use super::source_rules::{Rules, number};
use super::{Finding, LintError};

/// The Rust files in `folder` and below.
///
/// # Errors
/// When a folder cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, LintError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(LintError::io(folder))? {
        let path = entry.map_err(LintError::io(folder))?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

/// Lints one file: the number of update functions in it and what is wrong with them.
///
/// # Errors
/// When the file cannot be read or parsed.
pub fn lint_file(path: &Path) -> Result<(usize, Vec<Finding>), LintError> {
    let text = std::fs::read_to_string(path).map_err(LintError::io(path))?;
    let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
    lint_text(&name, &text)
}

/// Lints a source text that is called `name` in findings.
///
/// # Errors
/// When the text cannot be parsed.
pub fn lint_text(name: &str, text: &str) -> Result<(usize, Vec<Finding>), LintError> {
    let file = syn::parse_file(text).map_err(|source| LintError::Parse { file: name.to_string(), source })?;
    let mut finder = Finder { file: name, widths: BTreeMap::new(), kernels: 0, findings: Vec::new() };
    // Widths first: the struct may come after its implementation.
    for item in &file.items {
        if let syn::Item::Struct(item) = item {
            finder.widths.insert(item.ident.to_string(), field_widths(item));
        }
    }
    finder.visit_file(&file);
    Ok((finder.kernels, finder.findings))
}

struct Finder<'a> {
    file: &'a str,
    /// By type, by field: the width, where it is a number.
    widths: BTreeMap<String, BTreeMap<String, usize>>,
    kernels: usize,
    findings: Vec<Finding>,
}

impl<'ast> Visit<'ast> for Finder<'_> {
    /// An update function in a macro that repeats statements for each register is linted with one repetition of each.
    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if !item.mac.path.is_ident("macro_rules") {
            return;
        }
        for body in bodies(&item.mac.tokens) {
            let has_kernel = body.to_string().contains("hdl_gen");
            match syn::parse2::<syn::File>(once(body)) {
                Ok(file) => file.items.iter().for_each(|item| {
                    if let syn::Item::Impl(item) = item {
                        self.visit_item_impl(item);
                    }
                }),
                Err(error) if has_kernel => self.findings.push(Finding {
                    check: "source",
                    rule: "macro".to_string(),
                    place: format!("{}:{}", self.file, error.span().start().line),
                    found: format!("an update function in a macro that cannot be read: {error}"),
                }),
                Err(_) => {}
            }
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let of = match &*item.self_ty {
            syn::Type::Path(p) => p.path.segments.last().map(|s| s.ident.to_string()),
            _ => None,
        };
        let widths = of.and_then(|name| self.widths.get(&name).cloned()).unwrap_or_default();
        for inner in &item.items {
            if let syn::ImplItem::Fn(function) = inner
                && function.attrs.iter().any(|a| a.path().is_ident("hdl_gen"))
            {
                self.kernels += 1;
                let mut rules = Rules::new(self.file, &widths);
                rules.visit_block(&function.block);
                self.findings.extend(rules.findings);
            }
        }
    }
}

/// The bodies of the rules of a `macro_rules!`.
fn bodies(rules: &TokenStream) -> Vec<TokenStream> {
    let mut bodies = Vec::new();
    let mut after_arrow = false;
    let mut last = ' ';
    for token in rules.clone() {
        match token {
            TokenTree::Group(group) if after_arrow => {
                bodies.push(group.stream());
                (after_arrow, last) = (false, ' ');
            }
            TokenTree::Punct(punct) => {
                after_arrow = last == '=' && punct.as_char() == '>';
                last = punct.as_char();
            }
            _ => last = ' ',
        }
    }
    bodies
}

/// A macro's body with every repetition once and every variable under its own name.
fn once(body: TokenStream) -> TokenStream {
    let mut out = Vec::new();
    let mut tokens = body.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '$' => {
                if let Some(TokenTree::Group(group)) = tokens.peek().cloned()
                    && group.delimiter() == Delimiter::Parenthesis
                {
                    tokens.next();
                    out.extend(once(group.stream()));
                    // The separator, if there is one, and the number of repetitions.
                    while let Some(TokenTree::Punct(punct)) = tokens.next() {
                        if matches!(punct.as_char(), '*' | '+' | '?') {
                            break;
                        }
                    }
                }
            }
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), once(group.stream()));
                inner.set_span(group.span());
                out.push(TokenTree::Group(inner));
            }
            other => out.push(other),
        }
    }
    out.into_iter().collect()
}

/// Fields of type `Signal<_, Bits<N>>`, `DFF<Bits<N>>` and the like, N a number.
fn field_widths(item: &syn::ItemStruct) -> BTreeMap<String, usize> {
    let fields = item.fields.iter();
    fields.filter_map(|f| Some((f.ident.as_ref()?.to_string(), type_width(&f.ty)?))).collect()
}

fn type_width(ty: &syn::Type) -> Option<usize> {
    let syn::Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    if last.ident == "Bit" {
        return Some(1);
    }
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    if last.ident == "Bits" {
        return match arguments.args.first()? {
            syn::GenericArgument::Const(e) => number(e),
            _ => None,
        };
    }
    arguments.args.iter().find_map(|a| match a {
        syn::GenericArgument::Type(inner) => type_width(inner),
        _ => None,
    })
}
