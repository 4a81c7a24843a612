namespace PhaseMesh.Manifests.Signing;

/// <summary>Whose signatures count, and how many of them a manifest needs.</summary>
public sealed class TrustPolicy
{
    /// <param name="keys">Duplicates count once.</param>
    /// <param name="threshold">How many distinct keys must have signed: 1 to the number of keys.</param>
    /// <exception cref="ArgumentException">No keys, a default key, or a threshold that no manifest could meet or every one would.</exception>
    public TrustPolicy(IEnumerable<Ed25519PublicKey> keys, int threshold = 1)
    {
        HashSet<Ed25519PublicKey> distinct = [.. keys];
        if (distinct.Count == 0 || distinct.Contains(default))
        {
            throw new ArgumentException("Expected at least one trusted key, found none or an empty one; nothing could be verified.", nameof(keys));
        }

        if (threshold < 1 || threshold > distinct.Count)
        {
            throw new ArgumentOutOfRangeException(
                nameof(threshold), threshold, $"Expected a threshold from 1 to the number of distinct trusted keys, {distinct.Count}.");
        }

        Keys = distinct;
        Threshold = threshold;
    }

    public IReadOnlyCollection<Ed25519PublicKey> Keys { get; }

    public int Threshold { get; }
}
