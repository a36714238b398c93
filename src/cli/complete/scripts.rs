//! The few lines that make a shell ask us.

/// The script for a shell; `None` where there is none for it.
pub(in crate::cli) fn script(shell: &str) -> Option<&'static str> {
    match shell {
        "bash" => Some(BASH),
        "zsh" => Some(ZSH),
        "fish" => Some(FISH),
        _ => None,
    }
}

/// bash splits words at `:` and `=` (COMP_WORDBREAKS), which stand in `docs:build`, `:::` and `region=fra1`. So the line is split anew at
/// blanks, and what bash believes to stand before the cursor's word is cut off the answers.
const BASH: &str = r#"_shipway() {
  local line=${COMP_LINE:0:COMP_POINT} IFS=$' \t\n' words=() current prefix candidate about
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=${words[${#words[@]}-1]}
  prefix=
  [[ $COMP_WORDBREAKS == *:* && $current == *:* ]] && prefix=${current%"${current##*:}"}
  [[ $COMP_WORDBREAKS == *=* && $current == *=* ]] && prefix=${current%"${current##*=}"}
  COMPREPLY=()
  while IFS=$'\t' read -r candidate about; do
    COMPREPLY+=("${candidate#"$prefix"}")
    [[ $candidate == *= ]] && compopt -o nospace
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
}
complete -o bashdefault -o default -F _shipway shipway
"#;

const ZSH: &str = r#"#compdef shipway
_shipway() {
  local -a candidates joined
  local line word about
  for line in "${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    word=${line%%$'\t'*} about=${line#*$'\t'}
    if [[ $word == *= ]]; then
      joined+=("$word")
    else
      candidates+=("${word//:/\\:}:$about")
    fi
  done
  (( $#joined )) && compadd -S '' -- $joined
  if (( $#candidates )); then
    _describe -V shipway candidates
  elif (( ! $#joined )); then
    _files
  fi
}
if [[ ${funcstack[1]-} == _shipway ]]; then
  _shipway "$@"
else
  compdef _shipway shipway
fi
"#;

const FISH: &str = r#"function __shipway_complete
  set -l words (commandline -opc)
  $words[1] __complete $words[2..] (commandline -ct) 2>/dev/null
end
function __shipway_has_none
  test (count (__shipway_complete)) -eq 0
end
complete -c shipway -f -a '(__shipway_complete)'
complete -c shipway -n __shipway_has_none -F
"#;
