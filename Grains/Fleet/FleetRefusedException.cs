namespace PhaseMesh.Grains.Fleet;

/// <summary>What a caller can do about a refusal; the API makes it a status.</summary>
[GenerateSerializer]
public enum RefusalKind
{
    /// <summary>What was sent breaks a rule (400).</summary>
    Invalid,

    /// <summary>The caller isn't allowed to (403).</summary>
    Forbidden,

    /// <summary>There is no such thing (404).</summary>
    NotFound,

    /// <summary>It contradicts what is there (409).</summary>
    Conflict,

    /// <summary>Too much of it; later (429).</summary>
    TooMany,
}

/// <summary>
/// A grain understood the call and refuses it; nothing was changed. The only exception grains throw on purpose. <see cref="Slug"/> is one
/// of
/// <see cref="FleetRefusals"/>; the message says what was found, what was expected and what follows.
/// </summary>
[GenerateSerializer]
public sealed class FleetRefusedException : Exception
{
    public FleetRefusedException()
        : this(RefusalKind.Invalid, FleetRefusals.Invalid, "The call was refused.")
    {
    }

    public FleetRefusedException(string message)
        : this(RefusalKind.Invalid, FleetRefusals.Invalid, message)
    {
    }

    public FleetRefusedException(string message, Exception? innerException)
        : base(message, innerException) => Slug = FleetRefusals.Invalid;

    public FleetRefusedException(RefusalKind kind, string slug, string message)
        : base(message) => (Kind, Slug) = (kind, slug);

    [Id(0)]
    public RefusalKind Kind { get; private set; }

    /// <summary>Lower-case words with dashes; the last part of the problem's <c>type</c>. Never changes its meaning.</summary>
    [Id(1)]
    public string Slug { get; private set; }
}
