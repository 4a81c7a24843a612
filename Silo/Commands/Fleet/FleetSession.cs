using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Fleet.Client;

namespace PhaseMesh.Silo.Commands.Fleet;

/// <summary>Calls of one command; what fails becomes its exit code and message.</summary>
internal sealed class FleetSession : IDisposable
{
    private readonly Ed25519PrivateKey? _key;

    public FleetSession(IReadOnlyList<Uri> silos, Ed25519PrivateKey? key, TimeSpan timeout, CommandContext context)
    {
        _key = key;
        Client = new FleetClient(silos, key, timeout, context.Time);
    }

    public FleetClient Client { get; }

    public Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, default, cancellationToken);

    /// <summary>All items of a list that comes in pages.</summary>
    /// <param name="path">With a query.</param>
    /// <param name="name">The list's member.</param>
    /// <param name="most">More are left out.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyList<JsonElement>> ListAsync(string path, string name, int most, CancellationToken cancellationToken)
    {
        List<JsonElement> items = [];
        string? after = null;
        do
        {
            JsonElement page = await GetAsync(after is null ? path : $"{path}&after={Uri.EscapeDataString(after)}", cancellationToken);
            items.AddRange(page.Items(name));
            after = page.Text("next");
        }
        while (after is not null && items.Count < most);
        return items.Count <= most ? items : items[..most];
    }

    public Task<JsonElement> ChangeAsync(HttpMethod method, string path, JsonObject? body, CancellationToken cancellationToken) =>
        ChangeAsync(
            method, path, body is null ? default(ReadOnlyMemory<byte>) : Encoding.UTF8.GetBytes(body.ToJsonString()), cancellationToken);

    /// <exception cref="CommandException">There is no key to sign with, nobody answers, or the fleet refuses.</exception>
    public Task<JsonElement> ChangeAsync(HttpMethod method, string path, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        _key is null
        ? throw new CommandException(ExitCode.Usage,
            "This takes an operator's key, and there is none: give --key or "
            + $"{FleetCommandOptions.OperatorKeyVariable}, or make the first with 'plasmd fleet init'.")
        : SendAsync(method, path, body, cancellationToken);

    /// <summary>As the API said it, indented.</summary>
    public static void Print(CommandContext context, JsonElement json)
    {
        using MemoryStream text = new();
        JsonWriterOptions indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (Utf8JsonWriter writer = new(text, indented))
        {
            json.WriteTo(writer);
        }

        context.Output.WriteLine(Encoding.UTF8.GetString(text.ToArray()));
    }

    public static void Print(CommandContext context, IReadOnlyList<JsonElement> items)
    {
        context.Output.WriteLine(items.Count == 0 ? "[]" : "[");
        for (int i = 0; i < items.Count; i++)
        {
            context.Output.WriteLine($"  {items[i].GetRawText()}{(i + 1 < items.Count ? "," : "")}");
        }

        if (items.Count > 0)
        {
            context.Output.WriteLine("]");
        }
    }

    public void Dispose()
    {
        Client.Dispose();
        _key?.Dispose();
    }

    public static CommandException Unreachable(FleetUnreachableException failure) => failure.Away is not null
        ? new CommandException(ExitCode.FleetAway, $"The fleet can't answer now: {SingleLine.Of(failure.Message)}")
        : new CommandException(ExitCode.NotReachable, $"No silo answers: {SingleLine.Of(failure.Message)}. Give one with --fleet.");

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, ReadOnlyMemory<byte> body,
        CancellationToken cancellationToken)
    {
        FleetReply reply;
        try
        {
            reply = await Client.SendAsync(method, path, body, cancellationToken);
        }
        catch (FleetUnreachableException failure)
        {
            throw Unreachable(failure);
        }

        if (!reply.IsGood)
        {
            throw reply.Slug.Length > 0
                ? new CommandException(ExitCode.FleetRefused, $"The fleet refused ({reply.Slug}): {SingleLine.Of(reply.Detail)}")
                : new CommandException(ExitCode.NotReachable, $"That is no silo: {SingleLine.Of(reply.Detail)} to {path}. Check --fleet.");
        }

        try
        {
            return reply.Status == HttpStatusCode.NoContent ? default : reply.Json();
        }
        catch (JsonException malformed)
        {
            throw new CommandException(ExitCode.NotReachable, $"That is no silo: {SingleLine.Of(malformed.Message)} Check --fleet.");
        }
    }
}
