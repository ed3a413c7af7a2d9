//! Reads ports and instances of a Verilog module, as far as the emitted Verilog and the wrapper need it.

use anyhow::{Context, Result, bail};

/// A port of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Name.
    pub name: String,
    /// `input`, `output` or `inout`.
    pub direction: String,
    /// Width.
    pub bits: u32,
    /// Text of the attributes before it, in the order of the source.
    pub attributes: Vec<String>,
}

/// Returns the text without comments.
fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// Returns what is between the parenthesis that opens at or after `start` and its partner.
fn parenthesised(text: &str, start: usize) -> Option<&str> {
    let open = start + text.get(start..)?.find('(')?;
    let (mut depth, mut quoted) = (0_usize, false);
    for (at, character) in text[open..].char_indices() {
        match character {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(open + 1..open + at);
        }
    }
    None
}

/// Splits at commas that no bracket or string holds.
fn split(list: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut from, mut parts) = (0_i32, false, 0, Vec::new());
    for (at, character) in list.char_indices() {
        match character {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(list[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(list[from..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// Returns the ports of a module, in its order.
pub fn ports(verilog: &str, module: &str) -> Result<Vec<Port>> {
    let text = without_comments(verilog);
    let start =
        text.find(&format!("module {module} ")).with_context(|| format!("expected the module {module}, found none"))?;
    let list = parenthesised(&text, start).with_context(|| format!("{module}: expected a list of ports"))?;
    split(list).into_iter().map(port).collect()
}

/// Reads one declaration.
fn port(declaration: &str) -> Result<Port> {
    let (mut rest, mut attributes) = (declaration.trim(), Vec::new());
    while let Some(inner) = rest.strip_prefix("(*") {
        let (attribute, after) = inner.split_once("*)").context("expected *) after an attribute")?;
        attributes.push(attribute.trim().to_owned());
        rest = after.trim_start();
    }
    let mut words = rest.split_whitespace().filter(|word| *word != "wire" && *word != "reg").peekable();
    let direction = words.next().unwrap_or_default().to_owned();
    if !["input", "output", "inout"].contains(&direction.as_str()) {
        bail!("expected a port, found {declaration:?}");
    }
    let mut bits = 1;
    if let Some(range) = words.next_if(|word| word.starts_with('[')) {
        let high = range.trim_matches(['[', ']']).split(':').next().unwrap_or_default();
        bits = high.parse::<u32>().with_context(|| format!("expected a width, found {range}"))? + 1;
    }
    let name = words.next().with_context(|| format!("expected a name in {declaration:?}"))?.to_owned();
    Ok(Port { name, direction, bits, attributes })
}

/// Returns what each port of an instance is connected to.
pub fn connections(verilog: &str, module: &str, instance: &str) -> Result<Vec<(String, String)>> {
    let text = without_comments(verilog);
    let start = text
        .find(&format!("{module} {instance} ("))
        .with_context(|| format!("expected the instance {instance} of {module}, found none"))?;
    let list = parenthesised(&text, start).with_context(|| format!("{instance}: expected a list of connections"))?;
    let pair = |part: &str| {
        let (name, inner) = part.strip_prefix('.').and_then(|part| part.split_once('('))?;
        Some((name.trim().to_owned(), inner.strip_suffix(')')?.trim().to_owned()))
    };
    split(list)
        .into_iter()
        .map(|part| pair(part).with_context(|| format!("{instance}: expected .port(signal), found {part:?}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "// a comment (\nmodule m (\n  (* X = \"a, b\" *) (* Y = \"(\" *)\n  input wire [7:0] data, // c\n  \
                        output wire ready\n);\n  n inner (\n .a(data[3:0]), .b({ready, 1'b0}), .c()\n );\nendmodule\n";

    #[test]
    fn ports_keep_width_direction_and_attributes() {
        let ports = ports(TEXT, "m").expect("two ports");
        assert_eq!(ports.len(), 2);
        assert_eq!((ports[0].name.as_str(), ports[0].bits, ports[0].direction.as_str()), ("data", 8, "input"));
        assert_eq!(ports[0].attributes, ["X = \"a, b\"", "Y = \"(\""]);
        assert_eq!((ports[1].name.as_str(), ports[1].bits), ("ready", 1));
    }

    #[test]
    fn connections_keep_concatenations_and_open_ports() {
        let found = connections(TEXT, "n", "inner").expect("three connections");
        let expected = [("a", "data[3:0]"), ("b", "{ready, 1'b0}"), ("c", "")];
        assert_eq!(found, expected.map(|(port, signal)| (port.to_owned(), signal.to_owned())));
    }
}
