//! Script → the place of each hole, and whether it has a pipeline.

use super::holes;
use crate::model::script::{Place, classify};
use crate::model::{ScriptShell, script::Classified};

/// One letter for each place: a whole Word, a Piece, Double quotes, Single quotes.
pub(super) const ALLOWED: &[(&str, &str)] = &[
    // Words of simple commands.
    ("echo {{x}}", "W"),
    ("{{x}}", "W"),
    ("{{x}} a b", "W"),
    ("echo {{x}} {{y}}", "WW"),
    ("echo {{x}}{{y}}", "PP"),
    ("echo --x={{x}}", "P"),
    ("echo a{{x}}b", "P"),
    ("echo {{x}},", "P"),
    ("echo \"{{x}}\"", "D"),
    ("echo \"a {{x}} b {{y}}\" {{z}}", "DDW"),
    ("echo '{{x}}'", "S"),
    ("echo 'it is \" {{x}}'", "S"),
    ("echo \"it's {{x}}\"", "D"),
    ("echo a'b'{{x}}\"c\"", "P"),
    ("echo \\\\{{x}}", "P"),
    ("echo \\\"{{x}}\\\"", "P"),
    ("echo \"\\\\{{x}}\"", "D"),
    ("echo \"\\\"{{x}}\\\"\"", "D"),
    ("echo \\ {{x}}", "P"),
    ("echo \\\n  {{x}}", "W"),
    ("echo a\\\n{{x}}", "P"),
    ("echo {{x}}\r\n", "P"),
    ("echo é{{x}}…", "P"),
    ("echo \"é{{x}}…\" 'ü{{y}}'", "DS"),
    ("echo {{x}}#no comment", "P"),
    ("echo a#{{x}}", "P"),
    ("echo *.{{x}}", "P"),
    ("cp {{x}}{,.bak}", "P"),
    ("echo {a,b}{{x}}", "P"),
    ("echo [ab]{{x}}", "P"),
    ("echo '{a,'{{x}}'}'", "P"),
    ("echo ~/{{x}}", "P"),
    ("echo a~{{x}}", "P"),
    ("echo $y{{x}} ${y}{{x}} $(y){{x}} `y`{{x}} $?{{x}}", "PPPPP"),
    ("echo \"$y{{x}} ${y}{{x}} $(y){{x}} `y`{{x}} $((1))/{{x}}\"", "DDDDD"),
    ("echo \"${y:-\"a b\"}\" {{x}}", "W"),
    ("echo ${y:-'a }'} {{x}}", "W"),
    ("echo $'a\\n' {{x}}", "W"),
    ("echo $(echo ')') {{x}}", "W"),
    ("echo \"$(echo \")\")\" {{x}}", "W"),
    ("echo $( (echo a) | (cat)) {{x}}", "W"),
    ("echo $(case a in (a) echo b;; esac) {{x}}", "W"),
    ("echo $((1 + (2 * 3))) {{x}}", "W"),
    ("[ {{x}} = \"{{y}}\" ]", "WD"),
    ("test -n {{x}}", "W"),
    ("ssh host \"ls '{{x}}'\"; su -c {{y}}; xargs sh -c {{z}}", "DWW"),
    // Assignments.
    ("a={{x}}", "P"),
    ("a={{x}} b=\"{{y}}\" c='{{z}}' cmd {{x}}", "PDSW"),
    ("a+={{x}}", "P"),
    ("a[1]={{x}}", "P"),
    ("PATH={{x}}:$PATH", "P"),
    ("export a={{x}} 'b={{y}}'", "PS"),
    ("local a=\"{{x}}\"", "D"),
    ("cmd {{x}}=1", "P"),
    ("a=(1 2) cmd {{x}}", "W"),
    ("{{x}} a=1", "W"),
    ("./{{x}}=1", "P"),
    // Near to what is evaluated.
    ("printf '%s' {{x}}", "W"),
    ("printf -- {{x}} -v", "W"),
    ("printf \"{{x}}\\n\" a-v{{y}}", "DP"),
    ("printf \"$a %s\" {{x}}", "W"),
    ("[ -n {{x}} ]; [ ! -e \"{{y}}\" ]", "WD"),
    ("test {{x}} = y", "W"),
    ("test a; [ -v a ]; echo -v {{x}}", "W"),
    ("read -r a; echo {{x}}; read b < {{y}}; read c <<< \"{{z}}\"", "WPD"),
    ("echo eval {{x}}", "W"),
    ("evaluate {{x}}; ./eval {{y}}; eval-x {{z}}", "WWW"),
    ("eval 'echo \"$x\"' > {{x}} && a {{y}}", "PW"),
    ("export A={{x}}", "P"),
    ("export a A={{x}} B=\"{{y}}\"; declare b={{z}}", "PDP"),
    ("readonly a+={{x}}; typeset b={{y}}; local c='{{z}}'", "PPS"),
    ("enable -n {{x}}; wait {{y}}", "WW"),
    ("command -v {{x}}; command -p ls {{y}}", "WW"),
    ("sh -c 'a \"$1\"' sh {{x}}; bash -euo pipefail -c 'a' {{y}}", "WW"),
    ("bash a -c {{x}}; bash -e {{y}}; sh -c \"$a\" {{z}}", "WWW"),
    ("PATH={{x}} LD_PRELOAD={{y}} PS4_={{z}} a", "PPP"),
    ("a PS4={{x}} IFS={{y}}", "PP"),
    // Redirections.
    ("cmd > {{x}}", "P"),
    ("cmd >{{x}} 2>> \"{{y}}\" < '{{z}}'", "PDS"),
    ("> {{x}} cmd {{y}}", "PW"),
    ("cmd &> {{x}}", "P"),
    ("cmd 2>&1 {{x}}", "W"),
    ("cmd >| {{x}}", "P"),
    ("cmd <> {{x}}", "P"),
    ("cmd {fd}> {{x}}", "P"),
    ("cmd <<< {{x}}", "P"),
    ("cmd <<< \"{{x}}\"", "D"),
    ("cmd \"{{x}}\">log", "D"),
    ("cmd a{{x}}>log", "P"),
    ("{ cmd; } > {{x}}", "P"),
    ("cmd <<EOF {{x}}\nit's\nEOF\necho {{y}}", "WW"),
    ("cmd <<'EOF'\n$( ' \" `\nEOF\necho {{y}}", "W"),
    ("cmd <<-A <<B\n\t'\n\tA\n\"\nB\necho {{y}}", "W"),
    ("cmd <<EOF\nEOF", ""),
    // Lists, pipelines, groups.
    ("a {{x}} && b {{y}} || c {{z}}; d {{x}} & e {{y}}", "WWWWW"),
    ("a {{x}}|b {{y}}|&c {{z}}", "WWW"),
    ("a;{{x}};b", "W"),
    ("(a {{x}})", "W"),
    ("(cd \"{{x}}\" && make {{y}})", "DW"),
    ("( (a {{x}}); b {{y}} )", "WW"),
    ("((a {{x}}); b {{y}})", "WW"),
    ("{ a {{x}}; }", "W"),
    ("! a {{x}}", "W"),
    ("time -p a {{x}}", "W"),
    ("{{x}} time a", "W"),
    // Compound commands.
    ("if a {{x}}; then b {{y}}; elif c; then d; else e {{z}}; fi", "WWW"),
    ("while a {{x}}; do b {{y}}; done < {{z}}", "WWP"),
    ("until a\ndo\nb {{x}}\ndone", "W"),
    ("for i in a {{x}} \"{{y}}\" b{{z}}; do c {{x}}; done", "WDPW"),
    ("for i\nin {{x}}\ndo a; done", "W"),
    ("for ((i=0; i<3; i++)); do a {{x}}; done", "W"),
    ("select i in {{x}}; do a; done", "W"),
    ("case {{x}} in a) b {{y}};; c|d) e {{z}};& *) ;; esac", "PWW"),
    ("case \"{{x}}\" in\n(a)\nb {{y}}\n;;\nesac", "DW"),
    ("f() { a {{x}}; }; f {{y}}", "WW"),
    ("function f { a {{x}}; }", "W"),
    ("function f() ( a {{x}} )", "W"),
    ("if [[ $a == b* && ( c =~ ^(d|e)$ ) ]]; then a {{x}}; fi", "W"),
    ("(( a > 1 )) && b {{x}}", "W"),
    ("diff <(a) >(b) {{x}}", "W"),
    ("a # it's\nb {{x}}", "W"),
    ("coproc a {{x}}", "W"),
    ("", ""),
];

fn letters(places: &[Place]) -> String {
    let letter = |place: &Place| match place {
        Place::Bare => 'W',
        Place::BarePart => 'P',
        Place::DoubleQuoted => 'D',
        Place::SingleQuoted => 'S',
    };
    places.iter().map(letter).collect()
}

#[test]
fn a_hole_may_stand_in_a_simple_word() {
    let found: Vec<_> = ALLOWED
        .iter()
        .map(|(script, _)| match classify(script, &holes(script)) {
            Ok(classified) => (*script, letters(&classified.places)),
            Err(faults) => (*script, format!("{faults:?}")),
        })
        .collect();
    let expected: Vec<_> = ALLOWED.iter().map(|(script, places)| (*script, (*places).to_owned())).collect();
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
}

#[test]
fn a_pipeline_is_seen_at_any_depth() {
    for script in [
        "a | b",
        "a |& b",
        "a|b",
        "x=$(a | b)",
        "echo \"$(a | b)\"",
        "echo `a | b`",
        "echo \"`a \\\"x\\\" | b`\"",
        "echo ${x:-$(a | b)}",
        "echo $((1 + $(a | b)))",
        "(a | b)",
        "f() { a | b; }",
        "if a | b; then c; fi",
        "case x in a|b) c | d;; esac",
        "while a; do b; done | c",
        "cat <(a | b)",
        "cat <<EOF\n$(a | b)\nEOF",
        "a && b \\\n | c",
        "a || b | c",
        "a=(x $(b | c))",
    ] {
        assert!(classify(script, &[]).is_ok_and(|found| found.pipeline), "{script}");
    }
    for script in [
        "a || b",
        "a '|' b \"|\" c \\| d # | e",
        "case x in a|b) c;; esac",
        "case x in (a | b) c;; esac",
        "a >| b",
        "[[ a =~ b|c || d ]]",
        "(( a | b ))",
        "x=$(( a | b ))",
        "cat <<EOF\na | b\nEOF",
        "cat <<'EOF'\n$(a | b)\nEOF",
        "echo ${x:-a|b}",
        "echo @(a|b)",
        "#!/bin/sh\na | b",
    ] {
        assert!(classify(script, &[]).is_ok_and(|found| !found.pipeline), "{script}");
    }
}

#[test]
fn the_first_line_names_another_interpreter() {
    let found = classify("#!/usr/bin/env python3\nprint('{')\n", &[]);
    let expected = Classified { places: vec![], pipeline: false, shell: ScriptShell::Shebang, words: None };
    assert_eq!(found, Ok(expected));
    assert!(classify(" #!/bin/sh", &[]).is_ok_and(|found| found.shell == ScriptShell::Default));
}
