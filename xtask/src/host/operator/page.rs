//! The page as a reader uses it: by sight, by keyboard alone, and through what a screen reader is given.

use super::devtools::Browser;
use super::workload::Family;
use crate::cargo::root;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// What has the focus, in a form that names each stop of the Tab key.
const FOCUS: &str = "(() => { const e = document.activeElement; \
                     return e.id || e.dataset.sort || e.getAttribute('aria-label') || e.className || e.tagName; })()";
/// Picture of the page, below the root of the repository.
const PICTURE: &str = "docs/img/page.png";
/// Smallest contrast of text (WCAG 2.2, success criterion 1.4.3).
const CONTRAST: f64 = 4.5;

/// Checks what the page of an agent shows of two families, the worse one first, and writes its picture.
pub fn check(folder: &Path, agent: &str, [worse, better]: [&Family; 2]) -> Result<Value> {
    let mut browser = Browser::open(folder, &format!("http://{agent}/"))?;
    browser.until("document.querySelectorAll('tbody tr').length === 2")?;
    let text = browser.value("document.body.innerText")?;
    let text = text.as_str().context("a text")?;
    for part in
        ["every event is accounted for", "Budget of the scan", "2 % of one core", "waited for a read of its memory"]
    {
        ensure!(text.contains(part), "the page does not show {part:?}: {text}");
    }
    let rows = browser.value(
        "[...document.querySelectorAll('tbody tr')].map(r => [r.cells[0].textContent, \
                              r.cells[0].title, r.cells[1].textContent])",
    )?;
    for (row, family) in [worse, better].into_iter().enumerate() {
        let shown = &rows[row];
        ensure!(shown[0] == family.name.as_str() && shown[1] == family.cgroup.as_str(), "row {row}: {rows}");
        let found = bytes(shown[2].as_str().context("a text")?)?;
        let expected = family.wasted();
        // The page rounds to a tenth of its unit.
        let rounded = expected.start() * 98 / 100..=expected.end() * 102 / 100;
        ensure!(rounded.contains(&found), "{}: expected {expected:?} bytes, found {shown}", family.name);
    }
    let nodes = screen_reader(&mut browser, worse)?;
    let stops = keyboard(&mut browser, worse, better)?;
    let contrast = contrast(&mut browser)?;
    browser.until("document.activeElement.blur() || history.length >= 8")?;
    let picture = root().join(PICTURE);
    browser.picture(&picture)?;
    Ok(
        json!({"rows": rows, "named_nodes": nodes, "tab_stops": stops, "smallest_contrast": contrast, "picture": PICTURE,
        "bytes": fs::metadata(picture)?.len()}),
    )
}

/// A number of bytes as the page writes it.
fn bytes(text: &str) -> Result<u64> {
    let (number, unit) =
        text.split_once(' ').with_context(|| format!("expected a number with a unit, found {text}"))?;
    let power = ["B", "KiB", "MiB", "GiB"].iter().position(|one| *one == unit).context("a unit of bytes")?;
    Ok((number.parse::<f64>()? * 1024f64.powi(power as i32)) as u64)
}

/// What a screen reader is given has the roles of the parts, and a name for everything that can have the focus.
fn screen_reader(browser: &mut Browser, worse: &Family) -> Result<usize> {
    browser.call("Accessibility.enable", json!({}))?;
    let tree = browser.call("Accessibility.getFullAXTree", json!({}))?;
    let nodes = tree["nodes"].as_array().context("nodes")?;
    let text = |node: &Value, field: &str| node[field]["value"].as_str().unwrap_or_default().to_owned();
    let shown: Vec<&Value> = nodes.iter().filter(|node| node["ignored"] != true).collect();
    for (role, name) in [
        ("link", "Skip to the containers"),
        ("banner", ""),
        ("main", ""),
        ("heading", "Deltascope"),
        ("heading", "Containers"),
        ("button", "Freeze"),
        ("status", ""),
        ("image", worse.name.as_str()),
        ("searchbox", "Only those whose name or control group contains"),
        ("region", "Containers, a wide table"),
        ("table", "What the last scan found"),
        ("columnheader", "Bytes in redundant copies"),
        ("rowheader", worse.name.as_str()),
    ] {
        // Older versions of Chromium write `img`.
        let is_role = |found: &str| found == role || (role, found) == ("image", "img");
        let found = shown.iter().any(|node| is_role(&text(node, "role")) && text(node, "name").contains(name));
        let of_role: Vec<String> =
            shown.iter().filter(|node| is_role(&text(node, "role"))).map(|node| text(node, "name")).collect();
        ensure!(found, "a screen reader finds no {role} {name:?}; of this role there are {of_role:?}");
    }
    let mut named = 0;
    for node in &shown {
        let properties = node["properties"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is = |name: &str| properties.iter().any(|one| one["name"] == name && one["value"]["value"] == true);
        let (role, name) = (text(node, "role"), text(node, "name"));
        if is("focusable") && role != "RootWebArea" {
            ensure!(!name.is_empty(), "a screen reader has no name for {role}: {node}");
            named += 1;
        }
    }
    Ok(named)
}

/// Everything can be reached and used with the keyboard, in the order in which it is read, and a new round takes nothing away.
fn keyboard(browser: &mut Browser, worse: &Family, better: &Family) -> Result<Vec<String>> {
    let mut stops = Vec::new();
    loop {
        browser.press("Tab")?;
        let stop = browser.value(FOCUS)?.as_str().context("a stop")?.to_owned();
        if stop == "BODY" || stops.len() > 40 {
            break;
        }
        // A ring around what has the focus is visible.
        let outline = browser.value("getComputedStyle(document.activeElement).outlineStyle")?;
        ensure!(outline == "solid", "{stop} does not show that it has the focus: {outline}");
        stops.push(stop);
    }
    let first =
        ["skip", "freeze", "filter", "Containers, a wide table", "name", "wasted", "copies", "redundant", "born"];
    ensure!(stops.len() >= first.len() && stops[..first.len()] == first, "the Tab key stops at {stops:?}");
    browser.press("Tab")?;
    browser.press("Enter")?;
    ensure!(browser.value(FOCUS)? == "containers", "the link to the containers does not move the focus");
    let to = |browser: &mut Browser, stop: &str| {
        for _ in 0..40 {
            if browser.value(FOCUS)? == stop {
                return Ok(());
            }
            browser.press("Tab")?;
        }
        anyhow::bail!("the Tab key does not reach {stop}")
    };
    to(browser, "freeze")?;
    for pressed in ["true", "false"] {
        browser.press(" ")?;
        let found = browser.value("document.getElementById('freeze').getAttribute('aria-pressed')")?;
        ensure!(found == pressed, "the button to freeze is pressed: {found}, expected {pressed}");
    }
    to(browser, "filter")?;
    for letter in better.name.chars() {
        browser.press(&letter.to_string())?;
    }
    browser.until("document.querySelectorAll('tbody tr').length === 1")?;
    let shown = browser
        .value("document.querySelector('tbody th').textContent + '|' + document.getElementById('shown').textContent")?;
    ensure!(shown == format!("{}|1 of 2 containers are shown", better.name), "the filter shows {shown}");
    browser.value("document.getElementById('filter').select()")?;
    browser.call("Input.insertText", json!({"text": ""}))?;
    browser.value(
        "(() => { const f = document.getElementById('filter'); f.value = ''; f.dispatchEvent(new Event('input')); })()",
    )?;
    to(browser, "name")?;
    browser.press("Enter")?;
    let sorted = browser.value("document.activeElement.closest('th').getAttribute('aria-sort')")?;
    ensure!(sorted == "ascending", "the column is sorted: {sorted}");
    let by_name = browser.value("document.querySelector('tbody th').textContent")?;
    ensure!(by_name == better.name.clone().min(worse.name.clone()), "the first by name is {by_name}");
    let round = browser.value("last.round.number")?.as_u64().context("a number")?;
    browser.until(&format!("last.round.number > {}", round + 1))?;
    ensure!(browser.value(FOCUS)? == "name", "a new round has taken the focus from the column");
    to(browser, "wasted")?;
    browser.press("Enter")?;
    Ok(stops)
}

/// The smallest contrast of text to what is behind it, with light and dark colours.
fn contrast(browser: &mut Browser) -> Result<f64> {
    let expression = "(() => { const part = c => { c /= 255; return c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; }; \
        const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number); \
        return .2126 * part(r) + .7152 * part(g) + .0722 * part(b); }; \
        const back = e => { while (e) { const c = getComputedStyle(e).backgroundColor; \
        if (!/, 0\\)$/.test(c) && c !== 'transparent') return c; e = e.parentElement; } return 'rgb(255, 255, 255)'; }; \
        const texts = [...document.querySelectorAll('body *')].filter(e => e.offsetParent && \
        [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())); \
        return Math.min(...texts.map(e => { const a = light(getComputedStyle(e).color), b = light(back(e)); \
        return (Math.max(a, b) + .05) / (Math.min(a, b) + .05); })); })()";
    let mut smallest = f64::INFINITY;
    for scheme in ["dark", "light"] {
        let feature = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        browser.call("Emulation.setEmulatedMedia", feature)?;
        let found = browser.value(expression)?.as_f64().context("a number")?;
        ensure!(found >= CONTRAST, "with {scheme} colours a text has a contrast of {found:.2}, expected {CONTRAST}");
        smallest = smallest.min(found);
    }
    Ok(smallest)
}
