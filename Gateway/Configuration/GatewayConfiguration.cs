using System.Globalization;
using System.Net;
using PhaseMesh.Gateway.Admission;
using PhaseMesh.Gateway.Chunks;
using PhaseMesh.Gateway.Forwarding;
using PhaseMesh.Gateway.Redirects;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Gateway.Configuration;

/// <summary>Flags over environment variables over the file over defaults, all checked at once.</summary>
internal static class GatewayConfiguration
{
    /// <param name="flags">The values given for a setting on the command line; none when it wasn't.</param>
    /// <param name="problems">Everything that is wrong, one line each.</param>
    /// <returns>Null when there are problems.</returns>
    public static GatewayOptions? Load(
        Func<GatewaySetting, IReadOnlyList<string>> flags, GatewayEnvironment environment, out IReadOnlyList<string> problems)
    {
        List<string> found = [];
        GatewayFile? file = FindFile(Read(GatewaySettings.Config, flags(GatewaySettings.Config), environment, null, found), environment);
        found.AddRange(file?.Problems.Select(problem => problem.ToString()) ?? []);
        Dictionary<GatewaySetting, IReadOnlyList<string>> values = [];
        foreach (GatewaySetting setting in GatewaySettings.All.Where(setting => setting != GatewaySettings.Config))
        {
            values[setting] = Read(setting, flags(setting), environment, file, found);
        }

        problems = found;
        if (file?.Problems.Count > 0)
        {
            return null; // What is missing may be in what could not be read.
        }

        IReadOnlyList<ConfiguredProvider> providers = values[GatewaySettings.Provider] is { Count: > 0 } urls && found.Count == 0
            ? [.. urls.Select(url => new Uri(url)).Distinct().Select(url => new ConfiguredProvider(url))]
            : file?.Providers ?? [];
        if (values[GatewaySettings.Trust].Count == 0)
        {
            found.Add($"{GatewaySettings.Trust.Flag} is missing: expected at least one key; no release could be served.");
        }

        if (values[GatewaySettings.Provider].Count == 0 && providers.Count == 0 && values[GatewaySettings.Silo].Count == 0)
        {
            found.Add($"{GatewaySettings.Provider.Flag} and {GatewaySettings.Silo.Flag} are missing: expected at least one.");
        }

        ServerCertificate? certificate = found.Count == 0 ? Certificate(values, found) : null;
        return found.Count == 0
            ? Make(values, environment) with
            {
                Providers = providers,
                Networks = file?.Networks ?? [],
                Certificate = certificate,
                ConfigPath = file?.FullPath,
                WatchedFiles = [.. values[GatewaySettings.TlsCertificate], .. values[GatewaySettings.TlsKey]],
                ReadOnce = ReadOnce(values),
            }
            : null;
    }

    private static ServerCertificate? Certificate(Dictionary<GatewaySetting, IReadOnlyList<string>> values, List<string> problems)
    {
        switch (values[GatewaySettings.TlsCertificate], values[GatewaySettings.TlsKey])
        {
            case ([], []):
                return null;
            case ([var certificatePath, ..], [var keyPath, ..]):
                if (!ServerCertificate.TryLoad(certificatePath, keyPath, out ServerCertificate? certificate, out string? problem))
                {
                    problems.Add(problem);
                }

                return certificate;
            default:
                problems.Add($"{GatewaySettings.TlsCertificate.Flag} and {GatewaySettings.TlsKey.Flag}: expected both or none, found one.");
                return null;
        }
    }

    /// <summary>Where <see cref="Load"/> looks for the file.</summary>
    public static string PathOf(Func<GatewaySetting, IReadOnlyList<string>> flags, GatewayEnvironment environment) => Path.GetFullPath(
        Read(GatewaySettings.Config, flags(GatewaySettings.Config), environment, null, []) is [var path, ..]
            ? path
            : environment.DefaultConfigPath);

    private static Dictionary<string, string> ReadOnce(Dictionary<GatewaySetting, IReadOnlyList<string>> values) =>
        values.Where(each => each.Key.NeedsRestart && each.Value.Count > 0)
            .Select(each => (each.Key.Flag, Text: string.Join(',', each.Value)))
            .Concat(values[GatewaySettings.TlsCertificate].Select(_ => (Flag: "whether there is a certificate", Text: "yes")))
            .ToDictionary(each => each.Flag, each => each.Text);

    private static GatewayFile? FindFile(IReadOnlyList<string> named, GatewayEnvironment environment) =>
        named is [var path, ..] ? GatewayFile.Load(path)
        : File.Exists(environment.DefaultConfigPath) ? GatewayFile.Load(environment.DefaultConfigPath)
        : null;

    private static IReadOnlyList<string> Read(
        GatewaySetting setting, IReadOnlyList<string> flags, GatewayEnvironment environment, GatewayFile? file, List<string> problems)
    {
        string source = setting.Flag;
        IReadOnlyList<string> values = flags;
        if (values.Count == 0 && environment.Variable(setting.Variable!) is { Length: > 0 } text)
        {
            source = setting.Variable!;
            values = setting.IsList ? text.Split(',', StringSplitOptions.TrimEntries) : [text];
        }

        foreach (string value in values.Where(value => !setting.IsValid(value)))
        {
            problems.Add($"{source} is '{Clip(value)}': expected {setting.Rule}.");
        }

        if (!setting.IsList && values.Count > 1)
        {
            problems.Add($"{source} is given {values.Count} times: expected once.");
        }

        return values.Count > 0 ? values : file?.Values(setting) ?? []; // What the file has was judged as it was read.
    }

    private static GatewayOptions Make(Dictionary<GatewaySetting, IReadOnlyList<string>> values, GatewayEnvironment environment)
    {
        GatewayOptions usual = new() { Trust = new TrustPolicy(values[GatewaySettings.Trust].Select(KeyOf)), StateDirectory = "" };
        return usual with
        {
            Silos = [.. values[GatewaySettings.Silo].Select(text => new Uri(text)).Distinct()],
            TrustedProxies = [.. values[GatewaySettings.TrustedProxy].Select(text => IPNetwork.Parse(text))],
            Redirect = new RedirectOptions
            {
                Everyone = Text(GatewaySettings.Redirect) == "true",
                Sites = values[GatewaySettings.RedirectSite],
                Networks = [.. values[GatewaySettings.RedirectClient].Select(text => IPNetwork.Parse(text))],
            },
            TlsPort = Number(GatewaySettings.TlsPort) ?? usual.TlsPort,
            Port = Number(GatewaySettings.Port) ?? usual.Port,
            Bind = Text(GatewaySettings.Bind),
            StateDirectory = Path.GetFullPath(Text(GatewaySettings.StateDirectory) ?? environment.DefaultStateDirectory),
            DrainGrace = Number(GatewaySettings.DrainGrace) is { } seconds ? TimeSpan.FromSeconds(seconds) : usual.DrainGrace,
            Forwarding = new ForwardingOptions
            {
                DefaultChannel = ReleaseChannelName.Parse(Text(GatewaySettings.Channel) ?? usual.Forwarding.DefaultChannel.ToString()),
                DefaultArch = MachineArch.Parse(Text(GatewaySettings.Arch) ?? usual.Forwarding.DefaultArch.ToString()),
            },
            Chunks = new ChunkStoreOptions
            {
                MemoryBytes = Size(GatewaySettings.Memory) ?? usual.Chunks.MemoryBytes,
                Directory = Text(GatewaySettings.CacheDirectory) is { } directory ? Path.GetFullPath(directory) : null,
                DiskBytes = Size(GatewaySettings.CacheSize) ?? usual.Chunks.DiskBytes,
            },
            Admission = new AdmissionOptions
            {
                MaxStreams = Number(GatewaySettings.MaxStreams)
                    ?? AdmissionOptions.StreamsFor(Size(GatewaySettings.Memory) ?? usual.Chunks.MemoryBytes),
                MaxStreamsPerSite = Number(GatewaySettings.MaxStreamsPerSite),
                MaxStreamsPerClient = Number(GatewaySettings.MaxStreamsPerClient),
                MaxWaiting = Number(GatewaySettings.MaxWaiting),
                MaxWait = Number(GatewaySettings.MaxWait) is { } wait ? TimeSpan.FromSeconds(wait) : usual.Admission.MaxWait,
                MaxRate = Size(GatewaySettings.MaxRate),
                MaxRatePerSite = Size(GatewaySettings.MaxRatePerSite),
                MaxRatePerClient = Size(GatewaySettings.MaxRatePerClient),
            },
        };

        string? Text(GatewaySetting setting) => values[setting] is [var text, ..] ? text : null;

        int? Number(GatewaySetting setting) =>
            Text(setting) is { } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;

        long? Size(GatewaySetting setting) => Text(setting) is { } text && ByteSize.TryParse(text, out long bytes) ? bytes : null;
    }

    private static Ed25519PublicKey KeyOf(string text) => GatewaySettings.TryReadKey(text, out Ed25519PublicKey key)
        ? key
        : throw new FormatException($"{text} was a key a moment ago and is none now.");

    /// <summary>Errors are one line each and go to terminals: no control characters, no kilobytes.</summary>
    private static string Clip(string text)
    {
        string clean = string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
        return clean.Length <= 100 ? clean : clean[..100] + "...";
    }
}
