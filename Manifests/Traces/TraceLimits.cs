namespace PhaseMesh.Manifests.Traces;

/// <summary>The bounds of the spans of a boot, which the fleet enforces (docs/wire/fleet-api.md).</summary>
public static class TraceLimits
{
    /// <summary>One document: a call's body, or a carried file.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Of one document.</summary>
    public const int MaxSpans = 256;

    public const int MaxAttributes = 32;
    public const int MaxEvents = 64;
    public const int MaxNameLength = 128;
    public const int MaxKeyLength = 64;
    public const int MaxTextLength = 256;

    /// <summary>Of a status: why it failed.</summary>
    public const int MaxMessageLength = 1024;

    /// <summary>Text of any origin as a name or value: no control characters, and not cut within a character.</summary>
    public static string Fit(string text, int maxLength)
    {
        int length = Math.Min(text.Length, maxLength);
        length -= length > 0 && length < text.Length && char.IsHighSurrogate(text[length - 1]) ? 1 : 0;
        return string.Concat(text.Take(length).Select(c => char.IsControl(c) ? '?' : c));
    }
}
