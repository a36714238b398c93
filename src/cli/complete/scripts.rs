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

/// bash splits words at `:` and `=` (COMP_WORDBREAKS), which stand in `docs:build`, `:::` and `region=fra1`. So the line is split anew, as
/// the shell itself would, and what bash believes to stand before the cursor's word is cut off the answers: after an opening quote all that
/// stands before it. Answers are quoted as the word is begun.
const BASH: &str = r#"_shipway() {
  local line=${COMP_LINE:0:COMP_POINT} words=() current= begun= quote= opened= prefix at char candidate about
  for ((at = 0; at < ${#line}; at++)); do
    char=${line:at:1}
    if [[ $quote == "'" ]]; then
      if [[ $char == "'" ]]; then quote=; else current+=$char; fi
    elif [[ $char == \\ && ( -z $quote || ${line:at+1:1} == [\\\"\$\`] ) ]]; then
      ((at += 1))
      current+=${line:at:1} begun=1
    elif [[ $quote == '"' ]]; then
      if [[ $char == '"' ]]; then quote=; else current+=$char; fi
    elif [[ $char == [\'\"] ]]; then
      quote=$char opened=$current begun=1
    elif [[ $char == [[:space:]] ]]; then
      [[ $begun ]] && words+=("$current")
      current= begun=
    else
      current+=$char begun=1
    fi
  done
  words+=("$current")
  prefix=
  if [[ $quote ]]; then
    prefix=$opened
  else
    [[ $COMP_WORDBREAKS == *:* && $current == *:* ]] && prefix=${current%"${current##*:}"}
    [[ $COMP_WORDBREAKS == *=* && $current == *=* ]] && prefix=${current%"${current##*=}"}
  fi
  COMPREPLY=()
  while IFS=$'\t' read -r candidate about; do
    [[ $candidate == *= ]] && compopt -o nospace
    candidate=${candidate#"$prefix"}
    case $quote in
      "'") candidate=${candidate//"'"/"'\\''"} ;;
      '"') candidate=$(sed 's/[\\"$`]/\\&/g' <<<"$candidate") ;;
      *) [[ $candidate == '' ]] || printf -v candidate %q "$candidate" ;;
    esac
    COMPREPLY+=("$candidate")
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
}
complete -o bashdefault -o default -F _shipway shipway
"#;

/// Of the word at the cursor zsh keeps an opening quote apart (PREFIX is without it), and quotes what it inserts itself.
const ZSH: &str = r#"#compdef shipway
_shipway() {
  local -a candidates joined before
  local line word about
  before=("${(@Q)words[2,CURRENT-1]}")
  (( CURRENT > 2 )) || before=()
  for line in "${(@f)$("${words[1]}" __complete "${(@)before}" "${(Q)PREFIX}" 2>/dev/null)}"; do
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

/// The word at the cursor has its opening quote here; fish quotes what it inserts itself.
const FISH: &str = r#"function __shipway_complete
  set -l words (commandline -opc)
  $words[1] __complete $words[2..] (string replace -r '^["\']' '' -- (commandline -ct)) 2>/dev/null
end
function __shipway_has_none
  test (count (__shipway_complete)) -eq 0
end
complete -c shipway -f -a '(__shipway_complete)'
complete -c shipway -n __shipway_has_none -F
"#;
