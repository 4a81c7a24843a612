using System.Text.Json.Nodes;
using PhaseMesh.Silo.Commands;
using PhaseMesh.Silo.Commands.Providers;

namespace PhaseMesh.Silo.Tests.Commands;

public sealed class ProviderCommandTests : IDisposable
{
    private const string Serving = """
        {
          "name": "plasmd", "version": "0.1.0", "node": "ed25519:aa", "peer_id": "12D3KooWa", "state": "serving", "started": "2027-01-31T10:00:00Z", "uptime_seconds": 7260.5,
          "releases": [
            { "channel": "stable", "arch": "x86_64", "version": "2027.1", "release": 42, "manifest": "sha256:0f", "expires": "2027-06-30T12:00:00Z",
              "signers": ["ed25519:0123456789abcdef0123456789abcdef"], "state": "serving", "problem": null,
              "artifacts": [ { "kind": "kernel", "digest": "sha256:11", "size": 8388608, "path": "/kernel", "chunks": 8 },
                             { "kind": "initramfs", "digest": "sha256:22", "size": 1000, "path": "/initramfs", "chunks": 1, "later": {} } ] },
            { "channel": "testing", "arch": "arm64", "version": null, "release": null, "manifest": null, "expires": null,
              "signers": [], "state": "refused", "problem": "Manifest expired.", "artifacts": [] } ],
          "load": { "connections": 3, "requests_in_flight": 2, "bytes_sent": 1073741824 }, "from_the_future": 1,
          "libp2p": { "addresses": ["/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf"], "peers": 3,
                      "dht": { "routing_table": 4, "records": 2, "providers": 5 } }
        }
        """;

    private readonly CommandScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task Status_ForPeople_ShowsStateReleasesAndProblems()
    {
        await using var provider = StubProvider.Json(Serving);

        CommandRun run = await _scene.OkAsync("provider", "status", "--url", provider.Url);

        Assert.Equal("""
            plasmd 0.1.0: serving
            node:    ed25519:aa
            up:      2 h 1 min
            load:    3 connections, 2 requests in flight, 1.0 GiB sent
            peer:    12D3KooWa
            dht:     4 peers known, 3 connected, 2 records and 5 announcements kept
            join by: /ip4/192.0.2.1/tcp/4001/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf

            CHANNEL  ARCH    STATE    RELEASE  VERSION  EXPIRES            SIGNED BY
            stable   x86_64  serving  42       2027.1   2027-06-30 12:00Z  ed25519:0123456789abcdef...
            testing  arm64   refused  -        -        never              -

            testing/arm64 is refused: Manifest expired.

            """, run.Output);
    }

    [Fact]
    public async Task Artifacts_ForPeople_HaveARowEach()
    {
        await using var provider = StubProvider.Json(Serving);

        Assert.Equal("""
            CHANNEL  ARCH    RELEASE  KIND       SIZE     CHUNKS  DIGEST     STATE
            stable   x86_64  42       kernel     8.0 MiB  8       sha256:11  serving
            stable   x86_64  42       initramfs  1000 B   1       sha256:22  serving

            """, (await _scene.OkAsync("provider", "artifacts", "--url", provider.Url)).Output);
    }

    /// <summary>Scripts read this: a change here is a breaking change.</summary>
    [Fact]
    public async Task Json_HasTheDocumentedFields()
    {
        await using var provider = StubProvider.Json(Serving);

        var status = JsonNode.Parse((await _scene.OkAsync("provider", "status", "--json", "--url", provider.Url)).Output)!.AsObject();
        var rows = JsonNode.Parse((await _scene.OkAsync("provider", "artifacts", "--json", "--url", provider.Url)).Output)!.AsArray();

        Assert.Equal(["name", "version", "node", "peer_id", "state", "started", "uptime_seconds", "releases", "load", "libp2p"],
            status.Select(pair => pair.Key));
        Assert.Equal(
            ["channel", "arch", "version", "release", "manifest", "expires", "signers", "state", "problem", "artifacts"],
            status["releases"]![0]!.AsObject().Select(pair => pair.Key));
        Assert.Equal(["connections", "requests_in_flight", "bytes_sent"], status["load"]!.AsObject().Select(pair => pair.Key));
        Assert.Equal(["addresses", "peers", "dht"], status["libp2p"]!.AsObject().Select(pair => pair.Key));
        Assert.Equal(["routing_table", "records", "providers"], status["libp2p"]!["dht"]!.AsObject().Select(pair => pair.Key));
        Assert.Equal(
            ["channel", "arch", "version", "release", "state", "kind", "digest", "size", "path", "chunks"],
            rows[0]!.AsObject().Select(pair => pair.Key));
        Assert.Equal(8388608, rows[0]!["size"]!.GetValue<long>());
    }

    [Theory]
    [InlineData("draining", "serving")]
    [InlineData("starting", "serving")]
    [InlineData("serving", "waiting")]
    public async Task Status_ProviderThatServesNothing_HasItsOwnExitCode(string state, string releaseState)
    {
        await using var provider = StubProvider.Json(
            $$"""{"name":"plasmd","version":"1","state":"{{state}}","releases":[{"channel":"c","arch":"a","state":"{{releaseState}}"}]}""");

        CommandRun run = await _scene.RunAsync("provider", "status", "--url", provider.Url);

        Assert.Equal(ExitCode.NotServing, run.ExitCode);
        Assert.Contains(state, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_ControlCodesAndMarkupFromTheNetwork_AreShownAsText()
    {
        await using var provider = StubProvider.Json(
            """{"name":"plasmd","version":"1\u001b[2J","state":"serving","releases":[{"channel":"[red]x[/]","arch":"a\u0007\n","state":"serving","problem":"\u001b]0;t\u0007"}]}""");

        CommandRun run = await _scene.OkAsync("provider", "status", "--url", provider.Url);

        Assert.DoesNotContain(run.Output, character => char.IsControl(character) && character != '\n');
        Assert.Contains("[red]x[/]", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "it answers 404")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "it answers 302")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "not a provider's status")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull", "name is not plasmd")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 38\r\n\r\n{\"name\":\"x\",\"version\":\"\",\"state\":\"\"}   ", "name is not plasmd")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n<html></html", "not a provider's status")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{", "larger than 4.0 MiB")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", "No provider answers at")]
    [InlineData("", "No provider answers at")]
    public async Task Status_WhatIsNoProvider_IsSaidToBeNone(string answer, string problem)
    {
        await using var provider = StubProvider.Raw(answer);

        Assert.Contains(problem, await _scene.FailsAsync(ExitCode.NotReachable, "provider", "status", "--url", provider.Url),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_AnswerWithoutLengthPastTheLimit_IsCutOff()
    {
        await using var provider =
            StubProvider.Raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + new string(' ', ProviderClient.MaxBodyBytes + 1));

        Assert.Contains("larger than 4.0 MiB", await _scene.FailsAsync(ExitCode.NotReachable, "provider", "status", "--url", provider.Url),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[null]")]
    [InlineData("[{}]")]
    [InlineData("[{\"channel\":\"c\",\"arch\":\"a\",\"state\":\"serving\",\"artifacts\":[null]}]")]
    [InlineData("[{\"channel\":\"c\",\"arch\":\"a\",\"state\":\"serving\",\"signers\":[null]}]")]
    [InlineData("[{\"channel\":\"c\",\"arch\":\"a\",\"state\":\"serving\",\"artifacts\":null}]")]
    [InlineData("[{\"channel\":null,\"arch\":\"a\",\"state\":\"serving\"}]")]
    public async Task Status_WithHolesInIt_IsRefused(string releases)
    {
        await using var provider = StubProvider.Json($$"""{"name":"plasmd","version":"1","state":"serving","releases":{{releases}}}""");

        Assert.Contains("not a provider's status",
            await _scene.FailsAsync(ExitCode.NotReachable, "provider", "status", "--url", provider.Url), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_NestedTooDeep_IsRefused()
    {
        await using var provider = StubProvider.Json("{\"name\":" + new string('[', 100_000));

        Assert.Contains("not a provider's status",
            await _scene.FailsAsync(ExitCode.NotReachable, "provider", "status", "--url", provider.Url), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_NobodyListens_OrNoAnswer_SaysSo()
    {
        string url;
        await using (var provider = StubProvider.Silent())
        {
            url = provider.Url;
            Assert.Contains("within 0.2 s",
                await _scene.FailsAsync(ExitCode.NotReachable, "provider", "status", "--url", url, "--timeout", "0.2"),
                    StringComparison.Ordinal);
        }

        Assert.Contains("Is plasmd running there?", await _scene.FailsAsync(ExitCode.NotReachable, "provider", "artifacts", "--url", url),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_WithoutUrl_AsksThePortOfThisMachinesConfiguration()
    {
        await using var provider = StubProvider.Json(Serving);
        await File.WriteAllTextAsync(_scene.PathOf("provider.toml"), $"[provider]\nbind = '0.0.0.0'\nport = {provider.Port}");

        await _scene.OkAsync("provider", "status");
    }

    [Theory]
    [InlineData("--url", "localhost:8080")]
    [InlineData("--url", "ftp://x/")]
    [InlineData("--timeout", "0")]
    [InlineData("--timeout", "1e9")]
    public async Task Status_BadFlag_IsAUsageError(string option, string value) =>
        await _scene.FailsAsync(ExitCode.Usage, "provider", "status", option, value);
}
