using System.Text;

namespace PhaseMesh.Manifests;

/// <summary>Untrusted text made fit for a message: short, and unable to steer the terminal it's printed on.</summary>
internal static class Excerpt
{
    private const int MaxLength = 80;

    internal static string Quote(string text) => $"'{Of(text)}'";

    internal static string Of(string text)
    {
        ReadOnlySpan<char> head = text.AsSpan(0, Math.Min(text.Length, MaxLength));
        StringBuilder printable = new(head.Length);
        foreach (char character in head)
        {
            // Beyond ASCII there are controls, bidi overrides and look-alikes; a message needs none of them.
            printable.Append(character is >= ' ' and <= '~' ? character : '?');
        }

        return text.Length > MaxLength ? $"{printable}... ({text.Length} characters)" : printable.ToString();
    }
}
