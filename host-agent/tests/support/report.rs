//! Reports in lines of JSON: a report that is too long for one line is several.

use serde_json::Value;

/// Returns the next report of some lines, put together from its parts; `None` at the end.
pub fn next(mut lines: impl FnMut() -> Option<String>) -> Option<Value> {
    let mut report = parse(&lines()?);
    let parts = report["parts"].as_u64().unwrap_or(1);
    for part in 2..=parts {
        let more = parse(&lines().unwrap_or_else(|| panic!("expected part {part} of {parts}, found the end")));
        assert_eq!((&more["part"], &more["parts"]), (&part.into(), &parts.into()), "{more}");
        let containers = more["containers"].as_array().expect("an array").clone();
        report["containers"].as_array_mut().expect("an array").extend(containers);
    }
    Some(report)
}

/// Returns the last report of an output.
pub fn last(output: &str) -> Value {
    let mut lines = output.lines().map(str::to_owned);
    std::iter::from_fn(|| next(|| lines.next())).last().unwrap_or_else(|| panic!("no report in {output:?}"))
}

fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
}
