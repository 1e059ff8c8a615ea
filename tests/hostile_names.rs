//! Names that would break a format: whatever a symbol, a path or a scope is called, every output stays well-formed.
#![cfg(feature = "stacks")]

#[path = "support/hostile_profile.rs"]
mod hostile_profile;

use heaplens::{Metric, Profile};
use hostile_profile::{empty_figures, profiles};
use serde_json::json;

fn has_control_characters(text: &str) -> bool {
    text.chars().any(|character| character.is_control() && character != '\n')
}

#[test]
fn any_name_survives_the_file() {
    for profile in profiles() {
        let mut text = Vec::new();
        profile.write_json(&mut text).expect("memory can be written");
        assert_eq!(Profile::read_json(text.as_slice()).expect("just written"), profile);
    }
}

#[test]
fn a_folded_line_is_frames_and_one_figure_and_the_figures_add_up() {
    for profile in profiles() {
        let mut text = Vec::new();
        profile.write_folded(Metric::TotalBytes, &mut text).expect("memory can be written");
        let text = String::from_utf8(text).expect("UTF-8");
        assert!(!has_control_characters(&text), "{text:?}");
        let mut sum = 0;
        for line in text.lines() {
            let (stack, value) = line.rsplit_once(' ').expect("a stack and a figure");
            sum += value.parse::<u64>().expect("an integer");
            assert!(!stack.starts_with('#') && stack.split(';').all(|name| !name.trim().is_empty()), "{line:?}");
            let last = stack.rsplit(' ').next().expect("a word");
            assert!(last == stack || last.parse::<f64>().is_err(), "a second figure: {line:?}");
        }
        assert_eq!(sum, profile.total(Metric::TotalBytes));
    }
}

#[cfg(feature = "flamegraph")]
#[test]
fn a_flame_graph_is_well_formed_and_holds_the_total() {
    for profile in profiles() {
        let mut image = Vec::new();
        profile.write_flamegraph(Metric::TotalBytes, &mut image).expect("memory can be written");
        let image = String::from_utf8(image).expect("UTF-8");
        assert_well_formed(&image);
        let total = format!("total_samples=\"{}\"", profile.total(Metric::TotalBytes));
        assert!(image.contains(&total), "{total} is missing: a line was left out or read as something else");
    }
}

#[test]
fn a_summary_fits_the_terminal_and_does_not_act_on_it() {
    for profile in profiles() {
        let text = profile.summary();
        assert!(text.lines().count() <= 25, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert!(!has_control_characters(&text), "{text:?}");
        assert!(!has_control_characters(&profile.full_report(3)));
    }
}

#[test]
fn a_table_fits_the_terminal_and_its_own_figures_add_up() {
    let mut tables = 0;
    for profile in profiles() {
        let by_thread = profile.threads().map(|threads| (profile.thread_table(5).expect("it has threads"), threads));
        for (table, parts) in [Ok((profile.scope_table(5), profile.scopes())), by_thread].into_iter().flatten() {
            assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
            assert!(!has_control_characters(&table), "{table:?}");
            let own: u64 = parts.iter().map(|part| part.own().total_bytes).sum();
            assert_eq!(own, profile.stats().total_bytes);
            tables += 1;
        }
    }
    assert!(tables > 300, "{tables}");
}

#[test]
fn a_part_with_any_name_is_shown_saved_and_found_by_what_is_shown() {
    let mut parts = 0;
    for profile in profiles() {
        let scopes = profile.scopes();
        let threads = profile.threads().unwrap_or_default();
        let in_scope = scopes.iter().filter_map(|part| part.name()).map(|name| profile.in_scope(name));
        let on_thread = threads.iter().filter_map(|part| part.name()).map(|name| profile.on_thread(name));
        for part in in_scope.chain(on_thread).map(|part| part.expect("a name of this profile")) {
            parts += 1;
            let summary = part.summary();
            assert!(summary.lines().count() <= 25, "{summary}");
            assert!(summary.lines().all(|line| line.chars().count() <= 100), "{summary}");
            assert!(summary.lines().nth(1).is_some_and(|line| line.starts_with("  only what was allocated ")));
            assert!(!has_control_characters(&summary), "{summary:?}");
            let mut text = Vec::new();
            part.write_json(&mut text).expect("memory can be written");
            assert_eq!(Profile::read_json(text.as_slice()).expect("just written"), part);
            #[cfg(feature = "flamegraph")]
            {
                let mut image = Vec::new();
                part.write_flamegraph(Metric::TotalBytes, &mut image).expect("memory can be written");
                assert_well_formed(&String::from_utf8(image).expect("UTF-8"));
            }
        }
        let error = profile.in_scope("no such scope").expect_err("of no profile").to_string();
        assert!(!error.contains(|character: char| character.is_control()), "{error:?}");
        for shown in profile.sites(Metric::TotalBytes).iter().flat_map(|site| site.frames().iter()) {
            if shown.origin == heaplens::Origin::Scope {
                let shown = shown.to_string();
                let name = shown.strip_prefix('[').and_then(|name| name.strip_suffix(']')).expect("brackets");
                assert!(profile.in_scope(name).is_ok(), "{name:?}");
            }
        }
    }
    assert!(parts > 200, "{parts}");
}

#[test]
fn the_largest_figures_fit_the_summary_and_the_image() {
    let mut whole = empty_figures();
    for figure in whole.as_object_mut().expect("figures").values_mut() {
        *figure = json!(u64::MAX);
    }
    whole["freed_blocks"] = json!(0);
    whole["freed_bytes"] = json!(0);
    whole["temporary_blocks"] = json!(0);
    let most = u64::MAX;
    let header = json!({
        "name": "n".repeat(300), "command": "c".repeat(300), "directory": "", "pid": u32::MAX, "heaplens_version": "",
        "started_unix_seconds": most, "elapsed_nanoseconds": most, "overhead_bytes": most,
    });
    let frame = json!({ "function": "f".repeat(500), "file": format!("{}:9", "p".repeat(5000)), "origin": "user" });
    let text = json!({
        "format": "heaplens-profile", "version": 1, "header": header, "stats": whole, "frames": [frame],
        "completeness": heaplens::Completeness::default(), "notes": vec!["x".repeat(300); 50],
        "sites": [{ "frames": vec![0; 5000], "stats": {
            "total_blocks": most, "total_bytes": most, "freed_blocks": 0, "freed_bytes": 0,
            "live_at_peak_blocks": most, "live_at_peak_bytes": most, "temporary_blocks": 0,
        }}],
    });
    let profile = Profile::read_json(text.to_string().as_bytes()).expect("sound figures");
    let summary = profile.summary();
    assert!(summary.lines().count() <= 25 && summary.lines().all(|line| line.chars().count() <= 100), "{summary}");
    assert!(summary.contains("18,446,744,073,709,551,615"));
    for text in [profile.scope_table(1), profile.outside_scopes().summary(), profile.outside_scopes().scope_table(1)] {
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert!(text.contains("18,446,744,073,709,551,615"), "{text}");
    }
    #[cfg(feature = "flamegraph")]
    {
        let mut image = Vec::new();
        profile.write_flamegraph(Metric::TotalBytes, &mut image).expect("memory can be written");
        assert_well_formed(&String::from_utf8(image).expect("UTF-8"));
    }
}

/// Reads XML as strictly as a browser does: legal characters, tags that close in order, and known references only.
#[cfg(feature = "flamegraph")]
fn assert_well_formed(xml: &str) {
    let illegal =
        |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    assert!(!xml.contains(illegal), "a character that XML forbids");
    let mut open: Vec<&str> = Vec::new();
    let mut rest = xml;
    while let Some((text, after)) = rest.split_once('<') {
        assert_references(text);
        let end_of = |end: &str| after.find(end).unwrap_or_else(|| panic!("no {end:?} in {after:.80}")) + end.len();
        let (tag, remaining) = if after.starts_with("!--") {
            after.split_at(end_of("-->"))
        } else if after.starts_with("![CDATA[") {
            after.split_at(end_of("]]>"))
        } else {
            after.split_at(end_of(">"))
        };
        rest = remaining;
        match tag.strip_suffix('>').expect("cut after it") {
            markup if markup.starts_with(['!', '?']) => {}
            closing if closing.starts_with('/') => assert_eq!(open.pop(), Some(&closing[1..]), "tags close in order"),
            opening => {
                assert_references(opening);
                assert_eq!(opening.matches('"').count() % 2, 0, "quotes come in pairs: {opening}");
                if !opening.ends_with('/') {
                    open.push(opening.split_whitespace().next().expect("a name"));
                }
            }
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "left open: {open:?}");
}

/// Every ampersand begins one of the five references that need no definition, or a number.
#[cfg(feature = "flamegraph")]
fn assert_references(text: &str) {
    for (position, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#"];
        assert!(known.iter().any(|reference| text[position..].starts_with(reference)), "{:.40}", &text[position..]);
    }
}
