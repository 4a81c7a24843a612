namespace PhaseMesh.Silo.Commands.Completion;

/// <summary>
/// Each script calls <c>plasmd "[suggest:CURSOR]" LINE</c>, the directive of System.CommandLine, with the line as typed but without the
/// word plasmd, which may be a path or an alias. Where plasmd suggests nothing, such as after --artifacts, the shell offers files.
/// </summary>
internal static class CompletionScripts
{
    private const string Bash = """
        # bash completion for plasmd
        _plasmd() {
            local word=${COMP_WORDS[COMP_CWORD]} line=${COMP_LINE#*"${COMP_WORDS[0]}"} skipped suggestion
            line=${line#"${line%%[![:space:]]*}"}
            skipped=$((${#COMP_LINE} - ${#line}))
            COMPREPLY=()
            while IFS= read -r suggestion; do
                [[ -n $suggestion && $suggestion == "$word"* ]] && COMPREPLY+=("$suggestion")
            done < <("${COMP_WORDS[0]}" "[suggest:$((COMP_POINT > skipped ? COMP_POINT - skipped : 0))]" "$line" 2>/dev/null)
        }
        complete -o default -F _plasmd plasmd

        """;

    private const string Zsh = """
        #compdef plasmd
        # zsh completion for plasmd
        _plasmd() {
            local line="${BUFFER#*${words[1]}}" skipped
            line="${line#"${line%%[![:space:]]*}"}"
            skipped=$((${#BUFFER} - ${#line}))
            local -a suggestions
            suggestions=("${(@f)$("${words[1]}" "[suggest:$((CURSOR > skipped ? CURSOR - skipped : 0))]" "$line" 2>/dev/null)}")
            suggestions=("${(@)suggestions:#}")
            if (( ${#suggestions} )); then
                compadd -- "${suggestions[@]}"
            else
                _files
            fi
        }
        if [[ $funcstack[1] == _plasmd ]]; then
            _plasmd "$@"
        else
            compdef _plasmd plasmd
        fi

        """;

    private const string Fish = """
        # fish completion for plasmd
        function __plasmd_suggest
            set -l words (commandline --cut-at-cursor --tokenize --current-process)
            set -l word (commandline --cut-at-cursor --current-token)
            set -l line (string join ' ' -- $words[2..-1] $word)
            set -l suggestions ($words[1] "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null)
            if set -q suggestions[1]
                string join \n -- $suggestions
            else
                __fish_complete_path $word
            end
        end
        complete --command plasmd --no-files --arguments '(__plasmd_suggest)'

        """;

    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["bash"] = Bash,
        ["zsh"] = Zsh,
        ["fish"] = Fish,
    };
}
