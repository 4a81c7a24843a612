namespace PhaseMesh.Manifests;

/// <summary>The bytes are no manifest by docs/wire/manifest.md. Nothing of them was used.</summary>
public sealed class ManifestFormatException : FormatException
{
    /// <param name="field">Where, such as <c>artifacts.kernel.size</c>; empty for the document as a whole.</param>
    /// <param name="expected">The rule that was broken.</param>
    /// <param name="actual">What was found instead; already short and printable (<see cref="Excerpt"/>).</param>
    public ManifestFormatException(string field, string expected, string actual)
        : base($"{(field.Length == 0 ? "Manifest" : $"Manifest field {field}")}: expected {expected}, found {actual}; refusing the manifest.")
    {
        Field = field;
        Expected = expected;
        Actual = actual;
    }

    public string Field { get; }

    public string Expected { get; }

    public string Actual { get; }
}
