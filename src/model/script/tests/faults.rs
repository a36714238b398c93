//! Script → the faults of holes that stand where they may not.

use super::holes;
use crate::model::script::classify;

/// Exactly the holes `{{bad}}` are refused, all with this code.
const REFUSED: &[(&str, &str)] = &[
    ("place-after-backslash", "echo \\{{bad}}"),
    ("place-after-backslash", "echo \"a\\{{bad}}\" {{x}}"),
    ("place-after-dollar", "echo ${{bad}} {{x}}"),
    ("place-after-dollar", "echo \"${{bad}}\""),
    ("place-after-dollar", "echo $\\\n{{bad}}"),
    ("place-after-dollar", "echo $#{{bad}} \"$={{bad}}\""),
    ("place-ansi-quote", "echo $'a{{bad}}' {{x}}"),
    ("place-ansi-quote", "echo a$'{{bad}}'"),
    ("place-arithmetic", "echo $((1 + {{bad}}))"),
    ("place-arithmetic", "echo \"$(( {{bad}} ))\" {{x}}"),
    ("place-arithmetic", "(( {{bad}} > 1 ))"),
    ("place-arithmetic", "(({{bad}}))"),
    ("place-arithmetic", "(( a + \"{{bad}}\" ))"),
    ("place-arithmetic", "if a; then (( i = {{bad}} )); fi; b {{x}}"),
    ("place-arithmetic", "for ((i = 0; i < {{bad}}; i++)); do a {{x}}; done"),
    ("place-arithmetic", "let a={{bad}}"),
    ("place-array", "a=({{bad}} b \"{{bad}}\")"),
    ("place-array", "a=(\n# it's\nb\n{{bad}}\n) c {{x}}"),
    ("place-array", "declare -a a+=({{bad}})"),
    ("place-assignment-name", "{{bad}}=1"),
    ("place-assignment-name", "a{{bad}}b=1 c {{x}}"),
    ("place-assignment-name", "a_{{bad}}+={{bad}}"),
    ("place-assignment-name", "> a {{bad}}=1"),
    ("place-assignment-name", "export {{bad}}=1"),
    ("place-assignment-name", "command export {{bad}}=1"),
    ("place-assignment-name", "export {{bad}} a={{x}}"),
    ("place-assignment-name", "declare \"{{bad}}=1\" b"),
    ("place-assignment-name", "a=1 unset 'b[{{bad}}]'"),
    ("place-backticks", "echo `a {{bad}}` {{x}}"),
    ("place-backticks", "echo \"`a '{{bad}}'`\""),
    ("place-backticks", "echo `a \\`b {{bad}}\\``"),
    ("place-before-keyword", "{{bad}} [[ a -eq b ]]"),
    ("place-before-keyword", "{{bad}} if {{x}}"),
    ("place-before-keyword", "{{bad}} time {{bad}} case a"),
    ("place-brace", "echo {a,{{bad}}}"),
    ("place-brace", "echo {{{bad}}..3}"),
    ("place-brace", "echo {a,\"{{bad}}\"}"),
    ("place-brace", "curl -d {\"a\":\"{{bad}}\"}"),
    ("place-brace", "cmd {{{bad}}}>log"),
    ("place-bracket", "echo [{{bad}}]"),
    ("place-bracket", "echo [!\"{{bad}}\"]*"),
    ("place-bracket", "echo []{{bad}}]"),
    ("place-bracket", "echo [[:alpha:]{{bad}}]"),
    ("place-bracket", "echo $a[{{bad}}]"),
    ("place-case-pattern", "case a in {{bad}}) b {{x}};; esac"),
    ("place-case-pattern", "case a in (b|\"{{bad}}\"*) c;; esac"),
    ("place-case-pattern", "case a in b) ;; c | {{bad}} ) d {{x}};; esac"),
    ("place-command-substitution", "echo $(a {{bad}})"),
    ("place-command-substitution", "echo \"$(a \"{{bad}}\")\" {{x}}"),
    ("place-command-substitution", "a=$(b; (c '{{bad}}'))"),
    ("place-command-substitution", "a=$((b {{bad}}); c)"),
    ("place-command-substitution", "a=$\\\n(b {{bad}})"),
    ("place-command-substitution", "a=$(cat <<E\n{{bad}}\nE\n)"),
    ("place-comment", "a # {{bad}}"),
    ("place-comment", "# {{bad}}\na {{x}}"),
    ("place-comment", "a;#{{bad}}\\\nb {{x}}"),
    ("place-condition", "[[ {{bad}} == b ]]"),
    ("place-condition", "[[ a =~ ^\"{{bad}}\"$ ]] && b {{x}}"),
    ("place-condition", "if ! [[ -n '{{bad}}' ]]; then a; fi"),
    ("place-condition", "[[ {{bad}} -eq 1 ]]"),
    ("place-descriptor", "cmd {{bad}}>log"),
    ("place-descriptor", "cmd 1{{bad}}<log"),
    ("place-descriptor", "cmd >&{{bad}}"),
    ("place-descriptor", "cmd 2>& \"{{bad}}\" {{x}}"),
    ("place-descriptor", "cmd <&{{bad}}"),
    ("place-arithmetic", "integer a={{bad}}; builtin let \"{{bad}}\""),
    ("place-evaluated-code", "eval {{bad}}"),
    ("place-evaluated-code", "eval \"a '{{bad}}'\" b{{bad}} '{{bad}}' > {{x}}; c {{x}}"),
    ("place-evaluated-code", "\\eval {{bad}}; 'eval' {{bad}}; e\"va\"l {{bad}}"),
    ("place-evaluated-code", "builtin eval {{bad}}; command -p -- eval {{bad}}; 'command' eval {{bad}}"),
    ("place-evaluated-code", "A=1 B={{x}} > {{x}} eval {{bad}}"),
    ("place-evaluated-code", "{{x}} eval {{bad}}"),
    ("place-evaluated-code", "if ! eval a {{bad}}; then (eval {{bad}} | b {{x}}); fi"),
    ("place-evaluated-code", "trap \"rm {{bad}}\" EXIT"),
    ("place-evaluated-code", "compgen -W {{bad}}; complete -C {{bad}} a; bind -x {{bad}}"),
    ("place-evaluated-code", "fc -s {{bad}}; history -s {{bad}}; alias a={{bad}}; enable -f {{bad}} a"),
    ("place-evaluated-code", "sh -c {{bad}} {{x}}; bash -c \"a {{bad}}\" {{x}}"),
    (
        "place-evaluated-code",
        "/bin/dash -ec '{{bad}}'; bash -euo pipefail -c {{bad}}; exec -a b zsh -c -e {{bad}}",
    ),
    ("place-evaluated-code", "bash {{x}} $a -c {{bad}} a; ksh -c a{{bad}}"),
    ("place-evaluated-name", "read {{bad}}; read -p \"{{bad}}\" a"),
    ("place-evaluated-name", "mapfile -C {{bad}} a; readarray \"{{bad}}\"; getopts a {{bad}}"),
    ("place-evaluated-name", "unset a={{bad}}"),
    ("place-evaluated-name", "declare -i a={{bad}}; typeset -n \"a={{bad}}\"; local -a a='{{bad}}'"),
    ("place-evaluated-name", "export a={{x}} -n b={{bad}}; readonly -a a={{bad}}; declare +i a={{bad}}"),
    ("place-evaluated-name", "declare $a b={{bad}}; command declare \"-i\" a={{bad}}"),
    ("place-evaluated-name", "printf -v {{bad}} a; printf -va %s {{bad}}; printf '-v' \"a\" '%s' {{bad}}"),
    (
        "place-evaluated-name",
        "printf {{bad}} a; printf \"{{bad}}\" {{bad}}; printf -{{bad}}; printf {{bad}}]",
    ),
    ("place-evaluated-name", "printf $a {{bad}}; wait -p {{bad}}"),
    ("place-evaluated-name", "[ -v {{bad}} ]; test -R \"{{bad}}\"; [ {{bad}} = a -o \"-v\" b ]"),
    ("place-evaluated-variable", "PS4={{bad}}; PS0='{{bad}}' PS1=a PS2+=\"{{bad}}\" a {{x}}"),
    ("place-evaluated-variable", "PROMPT_COMMAND[1]={{bad}}; BASH_ENV={{bad}} ENV={{bad}} a"),
    (
        "place-evaluated-variable",
        "export PS4={{bad}} 'IFS={{bad}}'; declare SHELLOPTS={{bad}} BASHOPTS={{bad}}",
    ),
    ("place-evaluated-variable", "{{x}} IFS={{bad}}"),
    ("place-function-name", "{{bad}}() { a {{x}}; }"),
    ("place-function-name", "f{{bad}} ( ) { a; }"),
    ("place-function-name", "function {{bad}} { a; }"),
    ("place-function-name", "coproc {{bad}} a {{x}}"),
    ("place-here-delimiter", "cat <<{{bad}}\na\n{{bad}}\nb {{x}}"),
    ("place-here-delimiter", "cat <<\"{{bad}}\"\na\n{{bad}}\n"),
    ("place-here-document", "cat <<EOF\na {{bad}}\nEOF\nb {{x}}"),
    ("place-here-document", "cat <<'EOF'\n'{{bad}}'\nEOF"),
    ("place-here-document", "cat <<-EOF {{x}}\n\t{{bad}}\n\tEOF\nb {{x}}"),
    ("place-here-document", "cat <<EOF\n$(a {{bad}})\nEOF"),
    ("place-locale-quote", "echo $\"a {{bad}}\" {{x}}"),
    ("place-loop-variable", "for {{bad}} in a; do b {{x}}; done"),
    ("place-loop-variable", "select a{{bad}} in a; do b; done"),
    ("place-parameter-expansion", "echo ${a:-{{bad}}} {{x}}"),
    ("place-parameter-expansion", "echo \"${a:-\"{{bad}}\"}\""),
    ("place-parameter-expansion", "echo ${a#'{{bad}}'}"),
    ("place-parameter-expansion", "echo ${{{bad}}}"),
    ("place-pattern", "echo @(a|{{bad}})"),
    ("place-pattern", "echo a+(\"{{bad}}\") {{x}}"),
    ("place-process-substitution", "diff <(a {{bad}}) b"),
    ("place-process-substitution", "a > >(b \"{{bad}}\")"),
    ("place-shebang", "#!/bin/sh\necho {{bad}} '{{bad}}'"),
    ("place-subscript", "a[{{bad}}]=1"),
    ("place-subscript", "a[1+{{bad}}]={{x}}"),
    ("place-subscript", "declare a[\"{{bad}}\"]=1"),
    ("place-subscript", "{{x}} a[1+{{bad}}]=1"),
    ("place-subscript", "echo \"$a[{{bad}}]\" \"${a}[{{bad}}]{{x}}\""),
    ("place-subscript", "echo \"$a[$b{{bad}}]\""),
    ("place-tilde", "echo ~{{bad}}"),
    ("place-tilde", "a=~{{bad}}/{{x}}"),
    ("place-tilde", "PATH=/bin:~\"{{bad}}\""),
    ("place-tilde", "echo ={{bad}}"),
    ("place-tilde", "a=={{bad}}"),
];

#[test]
fn a_hole_elsewhere_is_refused() {
    for (code, script) in REFUSED {
        let holes = holes(script);
        let bad = |hole: &usize| &script[holes[*hole].clone()] == "{{bad}}";
        let expected: Vec<_> =
            (0..holes.len()).filter(bad).map(|hole| (*code, Some(hole), holes[hole].clone())).collect();
        let faults = classify(script, &holes).err().unwrap_or_default();
        let found: Vec<_> =
            faults.iter().map(|fault| (fault.code, fault.hole, fault.range.clone())).collect();
        assert_eq!(found, expected, "{script}");
        assert!(faults.iter().all(|fault| fault.help.contains("$bad")), "{faults:?}");
    }
}

/// The script and the part of it that is marked.
const UNREADABLE: &[(&str, &str)] = &[
    ("echo {{x}} 'a", "'a"),
    ("echo {{x}} \"a", "\"a"),
    ("echo {{x}} \"a`b\"", "`b\""),
    ("echo {{x}} $(a", "$(a"),
    ("echo {{x}} ${a", "{a"),
    ("echo {{x}} \\", "\\"),
    ("(a {{x}}", "(a {{x}}"),
    ("a {{x}})", ")"),
    ("{ a {{x}}", "{ a {{x}}"),
    ("{ a {{x}} }", "{ a {{x}} }"),
    ("if a; then b {{x}}", "if a; then b {{x}}"),
    ("case a in b) c {{x}}", "case a in b) c {{x}}"),
    ("a {{x}} (b)", "a {{x}} ("),
    ("cat <<EOF {{x}}\na", "a"),
    ("cat {{x}} <<EOF", "F"),
    ("cat <<EOF \"a\nb\" {{x}}\nEOF\n", "\"a\nb\""),
    ("cat <<EOF\na\\\nEOF\n{{x}}\nEOF", "a\\\n"),
    ("echo $'it\\'s' {{x}}", "$'it\\"),
    ("echo \"${a:-it's}\" {{x}}", "{a:-it's}"),
    ("echo ${a:-{b}} {{x}}", "{a:-"),
    ("echo ${ a; } {{x}}", "{"),
    ("echo $(case a in b) c;; esac) {{x}}", "$(case a in b) c;; esac)"),
    ("echo $(a # it's\n) {{x}}", "$(a # it's\n)"),
    ("repeat 3 a {{x}}", "repeat"),
    ("for i ({{x}}) a", "for i "),
    ("[[ a # ]]\n]] {{x}}", "[[ a "),
    ("!(a) {{x}}", "!"),
    ("cat <<EOF\n`a\nEOF\nb {{x}}", "`a\nEOF\n"),
    ("echo $[1 + 2] {{x}}", "$[1 + 2]"),
    ("echo ${(s:':)a} {{x}} '", "{"),
    ("(( 1 << 2 )); a {{x}}", "(( 1 << 2 ))"),
    ("(( 1 # 2 )); a {{x}}", "(( 1 # 2 ))"),
    ("echo $(( 'a' )) {{x}}", "(( 'a' ))"),
    ("[[ a << b ]] {{x}}", "[[ a "),
    ("a[1 + 2]={{x}}", "[1 + 2]"),
];

#[test]
fn a_script_that_is_not_sure_to_be_understood_takes_no_values() {
    for (script, marked) in UNREADABLE {
        let faults = classify(script, &holes(script)).err().unwrap_or_default();
        let found: Vec<_> =
            faults.iter().map(|fault| (fault.code, fault.hole, &script[fault.range.clone()])).collect();
        assert_eq!(found, [("script-unreadable", None, *marked)], "{script}");
        let without = script.replace("{{x}}", "x");
        assert!(classify(&without, &[]).is_ok(), "{without}");
    }
}

#[test]
fn refusals_say_what_to_write_instead() {
    let said = |script: &str| {
        let faults = classify(script, &holes(script)).err().unwrap_or_default();
        faults.into_iter().map(|fault| format!("{}: {}", fault.title, fault.help)).collect::<Vec<_>>()
    };
    assert_eq!(
        said("a=$(cmd {{ dry-run }})"),
        [
            "a value can't stand in `$(…)`: use `\"$dry_run\"`: the argument is in the command's environment under \
          that name"
        ]
    );
    assert_eq!(
        said("cat <<EOF\n{{ vars.image }}\nEOF"),
        [
            "a value can't stand in a here-document: use `$IMAGE`: with `env = { IMAGE = \"{{ vars.image }}\" }` in \
          the task"
        ]
    );
    assert_eq!(
        said("#!/bin/sh\n{{ env.HOME }}"),
        [
            "a value can't stand in a script with its own interpreter: read the environment, or use `\"$HOME\"`: it \
          is already in the command's environment"
        ]
    );
}

#[test]
fn nul_bytes_are_refused() {
    let faults = classify("echo a\0b", &[]).err().unwrap_or_default();
    assert_eq!(
        faults.iter().map(|fault| (fault.code, fault.range.clone())).collect::<Vec<_>>(),
        [("script-nul", 6..7)]
    );
}

#[test]
fn deep_nesting_ends() {
    for piece in
        ["$(", "(", "((", "$((", "${a:-\"", "\"${a:-'", "{ ", "if ", "f() ", "<(", "a=(", "case a in a) "]
    {
        let script = format!("{}{{{{x}}}}", piece.repeat(5_000));
        assert!(classify(&script, &holes(&script)).is_err(), "{piece}");
        assert!(classify(&piece.repeat(5_000), &[]).is_ok(), "{piece}");
    }
}
