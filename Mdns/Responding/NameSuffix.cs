using System.Text;
using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Responding;

/// <summary>The next name to try when one is taken: <c>name (2)</c> for services (RFC 6763 appendix D), <c>name-2</c> for hosts.</summary>
internal static class NameSuffix
{
    public static string ForService(string original, int attempt) => Fit(original, $" ({attempt})");

    public static string ForHost(string original, int attempt) => Fit(original, $"-{attempt}");

    // Cuts whole characters so that the label stays within 63 bytes and valid UTF-8.
    private static string Fit(string original, string suffix)
    {
        int room = DnsName.MaxLabelBytes - suffix.Length;
        var kept = new StringBuilder();
        foreach (Rune rune in original.EnumerateRunes())
        {
            room -= rune.Utf8SequenceLength;
            if (room < 0)
            {
                break;
            }

            kept.Append(rune);
        }

        return kept.Append(suffix).ToString();
    }
}
