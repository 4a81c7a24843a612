namespace PhaseMesh.Serving.Configuration;

/// <summary>Finds the known word that was probably meant.</summary>
public static class SpellingSuggestion
{
    /// <summary>The nearest candidate within a third of the word's length in edits (at least one), or null.</summary>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        (string Candidate, int Edits)? best = null;
        foreach (string candidate in candidates)
        {
            int edits = Distance(word, candidate);
            if (edits <= Math.Max(1, candidate.Length / 3) && edits < (best?.Edits ?? int.MaxValue))
            {
                best = (candidate, edits);
            }
        }

        return best?.Candidate;
    }

    /// <summary>
    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment); a long word counts as far off.
    /// </summary>
    private static int Distance(string left, string right)
    {
        if (left.Length > 64)
        {
            return int.MaxValue;
        }

        int[,] edits = new int[left.Length + 1, right.Length + 1];
        for (int i = 0; i <= left.Length; i++)
        {
            for (int j = 0; j <= right.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    edits[i, j] = i + j;
                    continue;
                }

                int replace = edits[i - 1, j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                edits[i, j] = Math.Min(replace, 1 + Math.Min(edits[i - 1, j], edits[i, j - 1]));
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                {
                    edits[i, j] = Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
                }
            }
        }

        return edits[left.Length, right.Length];
    }
}
