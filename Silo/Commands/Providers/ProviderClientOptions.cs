using System.CommandLine;
using System.Globalization;
using System.Net;
using PhaseMesh.Silo.Configuration;

namespace PhaseMesh.Silo.Commands.Providers;

/// <summary>The options with which <c>provider</c> commands reach a provider and print what it says.</summary>
internal sealed class ProviderClientOptions
{
    private const int MaxTimeoutSeconds = 3600;

    private readonly Option<string?> _url = CommandOptions.Checked(
        new Option<string?>("--url", "-u")
        {
            HelpName = "URL",
            Description = "The provider. Default: http://127.0.0.1:8080, or the port and address that this machine's configuration has.",
        },
        text => Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https",
        "a URL such as http://127.0.0.1:8080");

    private readonly Option<string?> _timeout = CommandOptions.Checked(
        new Option<string?>("--timeout") { HelpName = "SECONDS", Description = "How long to wait for the whole answer. Default: 10." },
        text => TryParseSeconds(text, out _),
        $"seconds above 0, up to {MaxTimeoutSeconds}");

    private readonly Option<bool> _json = new("--json") { Description = "Print JSON (docs/cli.md)." };

    public void AddTo(Command command)
    {
        command.Add(_url);
        command.Add(_timeout);
        command.Add(_json);
    }

    public bool WantsJson(ParseResult parsed) => parsed.GetValue(_json);

    public Task<ProviderStatus> GetStatusAsync(ParseResult parsed, CommandContext context, CancellationToken cancellationToken)
    {
        TimeSpan timeout =
            parsed.GetValue(_timeout) is { } text && TryParseSeconds(text, out TimeSpan given) ? given : TimeSpan.FromSeconds(10);
        Uri url = parsed.GetValue(_url) is { } address ? new Uri(address) : UrlOfThisMachine(context.Host);
        return ProviderClient.GetStatusAsync(url, timeout, cancellationToken);
    }

    /// <summary>A configuration with errors in it has no say here: the provider may well run with an older one.</summary>
    private static Uri UrlOfThisMachine(HostSurroundings host)
    {
        ProviderConfiguration configuration = ProviderConfiguration.Load(new ProviderFlags(), host);
        return configuration.Problems.Count > 0 ? new Uri("http://127.0.0.1:8080/") : UrlOf(configuration);
    }

    /// <summary>Where the provider of this machine listens.</summary>
    public static Uri UrlOf(ProviderConfiguration configuration)
    {
        IPAddress address = IPAddress.TryParse(configuration.Bind, out IPAddress? bound) ? bound : IPAddress.Loopback;
        address = address.Equals(IPAddress.Any) ? IPAddress.Loopback : address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : address;
        return new Uri($"http://{new IPEndPoint(address, configuration.Port)}/");
    }

    private static bool TryParseSeconds(string text, out TimeSpan timeout)
    {
        bool valid = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
            && seconds is > 0.001 and <= MaxTimeoutSeconds;
        timeout = valid ? TimeSpan.FromSeconds(seconds) : default;
        return valid;
    }
}
