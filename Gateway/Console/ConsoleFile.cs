using System.Reflection;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.OperatorConsole;

/// <summary>A file of the console, read out of this assembly when it is first asked for.</summary>
/// <param name="Name">Below <c>/console/</c>, such as <c>core/api.js</c>.</param>
internal sealed record ConsoleFile(string Name)
{
    /// <summary>The page itself, whose path is <c>/console</c>.</summary>
    public const string Page = "index.html";

    private const string ResourcePrefix = "console/";
    private static readonly Assembly Source = typeof(ConsoleFile).Assembly;

    private readonly Lazy<byte[]> _content = new(() => Read(Name));
    private string? _entityTag;

    public static IReadOnlyList<ConsoleFile> All { get; } =
    [
        .. Source.GetManifestResourceNames().Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .Select(name => new ConsoleFile(name[ResourcePrefix.Length..])),
    ];

    public string Path => Name == Page ? "/console" : $"/console/{Name}";

    public ReadOnlyMemory<byte> Content => _content.Value;

    public string EntityTag => _entityTag ??= $"\"{Sha256Digest.Compute(_content.Value)}\"";

    public string ContentType => System.IO.Path.GetExtension(Name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        string other => throw new InvalidOperationException($"The console has no content type for {other} files."),
    };

    private static byte[] Read(string name)
    {
        using Stream resource = Source.GetManifestResourceStream(ResourcePrefix + name)!;
        byte[] content = new byte[resource.Length];
        resource.ReadExactly(content);
        return content;
    }
}
