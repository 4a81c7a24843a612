using System.Security.Cryptography;
using System.Text;

namespace PhaseMesh.Gateway.Diagnostics;

/// <summary>Values of labels.</summary>
internal static class MetricLabel
{
    private const string KeyPrefix = "ed25519:";
    private const int ShownLetters = 16;

    /// <summary>
    /// <c>SameRack</c> is <c>same_rack</c>.
    /// </summary>
    public static string Of<T>(T value)
        where T : struct, Enum
    {
        string name = value.ToString();
        StringBuilder label = new(name.Length + 4);
        foreach (char letter in name)
        {
            if (char.IsAsciiLetterUpper(letter) && label.Length > 0)
            {
                label.Append('_');
            }

            label.Append(char.ToLowerInvariant(letter));
        }

        return label.ToString();
    }

    /// <summary>
    /// The first letters of a provider's key. One that is known by its URL alone is called by a digest: an address is no label.
    /// </summary>
    public static string OfProvider(string providerId) => providerId.StartsWith(KeyPrefix, StringComparison.Ordinal)
        ? providerId.Substring(KeyPrefix.Length, Math.Min(ShownLetters, providerId.Length - KeyPrefix.Length))
        : $"url-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(providerId)))[..(ShownLetters - 4)]}";
}
