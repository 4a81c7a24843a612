using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Commands.Fleet;
using PhaseMesh.Silo.Commands.Providers;

namespace PhaseMesh.Silo.Commands.Routes;

/// <summary><c>plasmd route explain</c>: the replicas between which a gateway chooses, with its figures, and why.</summary>
internal static class RouteExplainCommand
{
    private const int MaxBodyBytes = 4 << 20;

    public static Command Create(CommandContext context)
    {
        var artifact = new Argument<string>("ARTIFACT")
        {
            Description = "A digest (sha256:...), or a path of the gateway such as /kernel.",
        };
        artifact.Validators.Add(result =>
        {
            string text = result.GetValueOrDefault<string>() ?? "";
            if (!text.StartsWith('/') && !Sha256Digest.TryParse(text, out _))
            {
                result.AddError($"ARTIFACT is '{SingleLine.Of(text)}': expected {Sha256Digest.Expected}, or a path.");
            }
        });
        Option<string?> gateway = CommandOptions.Checked(
            new Option<string?>("--gateway", "-g") { HelpName = "URL", Description = "The gateway. Default: http://127.0.0.1:8081." },
            text => Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" && url.PathAndQuery == "/",
            "a URL without a path, such as http://127.0.0.1:8081");
        var site = new Option<string?>("--site") { HelpName = "SITE", Description = "As for a client there: SITE or SITE/RACK." };
        var json = new Option<bool>("--json") { Description = "Print JSON (docs/cli.md)." };
        var command = new PlasmdCommand("explain", "Show between which replicas a gateway chooses, and why.", """
            plasmd route explain /kernel --gateway http://gateway:8081
            # As a client in rack r12 of fra1 would be served
            plasmd route explain sha256:4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a --site fra1/r12
            """);
        command.Add(artifact);
        command.Add(gateway);
        command.Add(site);
        command.Add(json);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Uri url = new(parsed.GetValue(gateway) ?? "http://127.0.0.1:8081");
            JsonElement route = await AskAsync(url, parsed.GetRequiredValue(artifact), parsed.GetValue(site), cancellationToken);
            if (parsed.GetValue(json))
            {
                FleetSession.Print(context, route);
            }
            else
            {
                Write(route, context);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<JsonElement> AskAsync(Uri gateway, string artifact, string? site, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false };
        using var client = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(10), MaxResponseContentBufferSize = MaxBodyBytes };
        client.DefaultRequestHeaders.UserAgent.ParseAdd($"plasmd/{VersionAction.Version}");
        try
        {
            string digest = artifact.StartsWith('/') ? await DigestOfAsync(client, gateway, artifact, cancellationToken) : artifact;
            string query = site is { Length: > 0 } ? $"?site={Uri.EscapeDataString(site)}" : "";
            Uri place = new(gateway, $"/v1/route/{digest}{query}");
            using HttpResponseMessage answer = await client.GetAsync(place, cancellationToken);
            if (answer.StatusCode is HttpStatusCode.NotFound)
            {
                throw NotServing(gateway, artifact);
            }

            JsonElement route = answer.StatusCode is HttpStatusCode.OK
                ? JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken)).RootElement
                : throw NoGateway(gateway, $"it answers {(int)answer.StatusCode} to {place.AbsolutePath}");
            return route.Member("candidates") is { ValueKind: JsonValueKind.Array }
                ? route
                : throw NoGateway(gateway, "its answer names no candidates");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandException(ExitCode.NotReachable, $"No answer from {gateway} within {client.Timeout.TotalSeconds} s.");
        }
        catch (HttpRequestException failure)
        {
            throw new CommandException(
                ExitCode.NotReachable, $"No gateway answers at {gateway}: {SingleLine.Of(failure.Message)}. Give its address with --gateway.");
        }
        catch (JsonException malformed)
        {
            throw NoGateway(gateway, $"its answer is no explanation ({SingleLine.Of(malformed.Message)})");
        }
    }

    /// <summary>The gateway's entity tags are digests.</summary>
    private static async Task<string> DigestOfAsync(HttpClient client, Uri gateway, string path, CancellationToken cancellationToken)
    {
        Uri place = new(gateway, path.Contains('?', StringComparison.Ordinal) ? $"{path}&redirect=0" : $"{path}?redirect=0");
        using HttpRequestMessage head = new(HttpMethod.Head, place);
        using HttpResponseMessage answer = await client.SendAsync(head, cancellationToken);
        string tag = answer.Headers.ETag?.Tag.Trim('"') ?? "";
        return answer.StatusCode is HttpStatusCode.NotFound ? throw NotServing(gateway, path)
            : Sha256Digest.TryParse(tag, out _) ? tag
            : throw NoGateway(gateway, $"it answers {(int)answer.StatusCode} to HEAD {SingleLine.Of(path)}, without a digest");
    }

    private static void Write(JsonElement route, CommandContext context)
    {
        string? chosen = route.Text("chosen_provider_id");
        string site = route.Text("client_site") ?? "no known site";
        context.Output.WriteLine($"{SingleLine.Of(route.Text("digest") ?? "")} for a client at {SingleLine.Of(site)}:");
        var table = new TableText(
            "", "PROVIDER", "URL", "PLACE", "WEIGHT", "STATE", "IN FLIGHT", "SENT", "FIRST BYTE", "RATE", "1 MIB IN", "COST", "WHY");
        foreach (JsonElement candidate in route.Items("candidates"))
        {
            string? provider = candidate.Text("provider_id");
            string? place = candidate.Text("site") is { } at ? candidate.Text("rack") is { } rack ? $"{at}/{rack}" : at : null;
            string? rate = Figure(candidate, "rate_bytes_per_second") is { } bytes ? $"{HumanSize.Of((long)bytes)}/s" : null;
            table.Add(
                provider is not null && provider == chosen ? "*" : "", JsonText.Short(provider), candidate.Text("base_url"), place,
                candidate.Text("weight"), candidate.Text("standing")?.ToLowerInvariant(),
                $"{candidate.Text("in_flight")}+{Figure(candidate, "others_in_flight")?.ToString("0.#", CultureInfo.InvariantCulture) ?? "?"}",
                Figure(candidate, "sent_bytes") is { } sent ? HumanSize.Of((long)sent) : null,
                Milliseconds(candidate, "first_byte_milliseconds"), rate, Milliseconds(candidate, "expected_milliseconds"),
                Figure(candidate, "cost")?.ToString("0.#", CultureInfo.InvariantCulture), candidate.Text("reason"));
        }

        table.WriteTo(context);
        if (chosen is null)
        {
            context.Output.WriteLine("No replica may be asked now.");
        }
    }

    private static string? Milliseconds(JsonElement candidate, string name) =>
        Figure(candidate, name) is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value:0.#} ms") : null;

    /// <summary>Null too for what is no finite number, which JSON has as a string.</summary>
    private static double? Figure(JsonElement candidate, string name) =>
        candidate.Member(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetDouble(out double value) ? value : null;

    private static CommandException NotServing(Uri gateway, string artifact) =>
        new(ExitCode.NotServing, $"{gateway} knows no release with {SingleLine.Of(artifact)}.");

    private static CommandException NoGateway(Uri gateway, string problem) =>
        new(ExitCode.NotReachable, $"{gateway} is no gateway: {problem}. Check the address, --gateway.");
}
