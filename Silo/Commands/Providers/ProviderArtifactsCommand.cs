using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace PhaseMesh.Silo.Commands.Providers;

/// <summary><c>plasmd provider artifacts</c>: a row per artifact.</summary>
internal static class ProviderArtifactsCommand
{
    private const string Examples = """
        plasmd provider artifacts
        # The digests of all kernels
        plasmd provider artifacts --json | jq -r '.[] | select(.kind == "kernel") | .digest'
        """;

    public static Command Create(CommandContext context)
    {
        var options = new ProviderClientOptions();
        var command = new PlasmdCommand("artifacts", "List the artifacts that a provider serves.", Examples);
        options.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ProviderStatus status = await options.GetStatusAsync(parsed, context, cancellationToken);
            IReadOnlyList<ListedArtifact> artifacts =
                [.. status.Releases.SelectMany(release => release.Artifacts.Select(artifact => Row(release, artifact)))];
            if (options.WantsJson(parsed))
            {
                context.Output.WriteLine(JsonSerializer.Serialize(artifacts, ProviderStatusJson.Default.IReadOnlyListListedArtifact));
            }
            else
            {
                Write(artifacts, context);
            }

            return status.IsServing ? ExitCode.Ok : ExitCode.NotServing;
        });
        return command;
    }

    private static ListedArtifact Row(ReleaseStatus release, ArtifactStatus artifact) => new(
        release.Channel, release.Arch, release.Version, release.Release, release.State,
        artifact.Kind, artifact.Digest, artifact.Size, artifact.Path, artifact.Chunks);

    private static void Write(IReadOnlyList<ListedArtifact> artifacts, CommandContext context)
    {
        if (artifacts.Count == 0)
        {
            context.Output.WriteLine("It serves no artifacts; 'plasmd provider status' says why.");
            return;
        }

        var table = new TableText("CHANNEL", "ARCH", "RELEASE", "KIND", "SIZE", "CHUNKS", "DIGEST", "STATE");
        foreach (ListedArtifact artifact in artifacts)
        {
            table.Add(artifact.Channel, artifact.Arch, artifact.Release?.ToString(CultureInfo.InvariantCulture), artifact.Kind,
                HumanSize.Of(artifact.Size), artifact.Chunks?.ToString(CultureInfo.InvariantCulture), artifact.Digest, artifact.State);
        }

        table.WriteTo(context);
    }
}
