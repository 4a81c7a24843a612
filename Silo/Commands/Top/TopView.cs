namespace PhaseMesh.Silo.Commands.Top;

internal enum TopPane
{
    Boots,
    Providers,
    Channels,
    Silos,
}

/// <summary>What the person at the keyboard looks at.</summary>
internal sealed record TopView
{
    public TopPane Pane { get; init; }

    /// <summary>Rows without it are left out; case doesn't matter.</summary>
    public string Filter { get; init; } = "";

    /// <summary>Keys are the filter's.</summary>
    public bool IsTyping { get; init; }

    /// <summary>Key of the selected row; null or gone: the first.</summary>
    public string? Selected { get; init; }

    /// <summary>The boot that is shown instead of the pane.</summary>
    public string? ShownBoot { get; init; }

    /// <summary>Its first line on the screen.</summary>
    public int Scroll { get; init; }

    public bool HasQuit { get; init; }
}
