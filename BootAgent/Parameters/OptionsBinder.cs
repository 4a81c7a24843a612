using System.Globalization;
using System.Security.Cryptography;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.BootAgent.Parameters;

/// <summary>Judges the values given and makes the options of them; every error is found, not only the first.</summary>
internal sealed class OptionsBinder(ParameterValues values)
{
    public const string MachineTrustDirectory = "/etc/phase/trust.d";
    public const string MachineCacheDirectory = "/var/cache/phase";
    public const int MaxProviders = 32;
    public const int MaxTrustedKeys = 64;
    public const int MaxFleetUrls = 8;
    public const int MaxAnnouncedUrls = 8;
    public static readonly TimeSpan MachineRetryLimit = TimeSpan.FromMinutes(10);
    private const int BootIdLength = 32;
    private const int MaxSeconds = 24 * 60 * 60;

    private delegate bool Parser<T>(string text, out T value);

    /// <exception cref="BootFailedException">One line with everything that is wrong and what is expected instead.</exception>
    public AgentOptions Bind(DateTimeOffset buildTime)
    {
        bool toDirectory = values.Has(ParameterTable.NoKexec);
        string? output = Directory(ParameterTable.Output);
        if (toDirectory != (output is not null))
        {
            values.Errors.Add(toDirectory
                ? "--no-kexec: needs --output DIR, where the verified files are put"
                : "--output: only used with --no-kexec; add --no-kexec, or leave --output away to boot the kernel that is fetched");
        }

        string? cache = Directory(ParameterTable.CacheDirectory) ?? (toDirectory ? null : MachineCacheDirectory);
        bool mayCache = One(ParameterTable.Cache, true, TryParseCaching);
        AgentOptions options = new()
        {
            Mode = One(ParameterTable.Mode, PhaseMode.Internet, TryParseMode),
            Channel = One(ParameterTable.Channel, ReleaseChannelName.Parse("stable"), ReleaseChannelName.TryParse),
            Arch = One(ParameterTable.Arch, MachineArch.OfThisMachine, MachineArch.TryParse),
            Providers = Providers(),
            Discovers = !toDirectory || values.Has(ParameterTable.Discover),
            Bootstrap = BootstrapPeers.Read(values, toDirectory ? null : BootstrapPeers.MachineDirectory),
            RetryLimit = One(ParameterTable.Retry, toDirectory ? TimeSpan.Zero : MachineRetryLimit, TryParseSeconds),
            TrustedKeys = TrustedKeys(Directory(ParameterTable.TrustDirectory), toDirectory),
            CacheDirectory = mayCache && System.IO.Directory.Exists(cache) ? cache : null,
            NoWrite = One(ParameterTable.NoWrite, false, TryParseBoolean),
            BootId = One(ParameterTable.BootId, RandomNumberGenerator.GetHexString(BootIdLength, lowercase: true), TryParseBootId),
            Fleet = RootUrls(ParameterTable.Fleet, MaxFleetUrls),
            Announced = RootUrls(ParameterTable.Announce, MaxAnnouncedUrls, url => url.HasAddress),
            OnFailure = One(ParameterTable.OnFailure, FailureAction.Reboot, TryParseFailureAction),
            Debug = One(ParameterTable.Debug, false, TryParseBoolean),
            OutputDirectory = output,
            NotBefore = One(ParameterTable.NotBefore, buildTime, TryParseTime),
            Warnings = values.Warnings,
        };
        if (values.Has(ParameterTable.CacheDirectory) && mayCache && options.CacheDirectory is null)
        {
            values.Errors.Add($"--cache={ParameterValues.Shown(cache ?? string.Empty)}: no such directory; make it first");
        }

        if (options.Mode == PhaseMode.Local && values.Has(ParameterTable.Bootstrap))
        {
            values.Warnings.Add("phase.bootstrap is not used in mode local, which does not leave the LAN");
        }

        return values.Errors.Count == 0
            ? options
            : throw new BootFailedException(AgentExitCode.BadParameters, string.Join("; ", values.Errors));
    }

    private T One<T>(ParameterDefinition definition, T fallback, Parser<T> tryParse)
    {
        IReadOnlyList<GivenValue> given = values.AllOf(definition);
        if (given.Count == 0)
        {
            return fallback;
        }

        if (given.Count > 1)
        {
            values.Warnings.Add($"{given[^1].Origin} is given {given.Count} times; the last one holds");
        }

        if (tryParse(given[^1].Text, out T value))
        {
            return value;
        }

        values.Refuse(given[^1], definition);
        return fallback;
    }

    private string? Directory(ParameterDefinition definition)
    {
        if (values.LastOf(definition) is not { } given)
        {
            return null;
        }

        if (given.Text.Length == 0 || given.Text.Contains('\0', StringComparison.Ordinal))
        {
            values.Refuse(given, definition);
            return null;
        }

        return given.Text;
    }

    private List<ProviderUrl> Providers()
    {
        List<ProviderUrl> providers = [];
        foreach (GivenValue given in values.AllOf(ParameterTable.Provider))
        {
            foreach (string item in given.Text.Split(','))
            {
                if (!ProviderUrl.TryParse(item, out ProviderUrl? url))
                {
                    values.Refuse(given with { Text = item }, ParameterTable.Provider);
                }
                else if (!providers.Contains(url))
                {
                    providers.Add(url);
                }
            }
        }

        if (providers.Count > MaxProviders)
        {
            values.Errors.Add($"phase.provider: {providers.Count} providers; at most {MaxProviders} are used");
        }

        return providers;
    }

    private List<RootUrl> RootUrls(ParameterDefinition definition, int most, Func<RootUrl, bool>? isFit = null)
    {
        List<RootUrl> urls = [];
        foreach (GivenValue given in values.AllOf(definition))
        {
            foreach (string item in given.Text.Split(','))
            {
                if (!RootUrl.TryParse(item, out RootUrl? url) || isFit?.Invoke(url) == false)
                {
                    values.Refuse(given with { Text = item }, definition);
                }
                else if (!urls.Contains(url))
                {
                    urls.Add(url);
                }
            }
        }

        if (urls.Count > most)
        {
            values.Errors.Add($"{definition.Name}: {urls.Count} URLs; at most {most} are used");
        }

        return urls;
    }

    private List<Ed25519PublicKey> TrustedKeys(string? directory, bool toDirectory)
    {
        List<Ed25519PublicKey> keys = [];
        foreach (GivenValue given in values.AllOf(ParameterTable.Trust))
        {
            foreach (string item in given.Text.Split(','))
            {
                if (Ed25519PublicKey.TryParse(item, out Ed25519PublicKey key))
                {
                    keys.Add(key);
                }
                else
                {
                    values.Refuse(given with { Text = item }, ParameterTable.Trust);
                }
            }
        }

        string? pinned = directory ?? (!toDirectory && System.IO.Directory.Exists(MachineTrustDirectory) ? MachineTrustDirectory : null);
        if (pinned is not null)
        {
            TrustDirectory.Read(pinned, keys, values.Errors);
        }

        keys = [.. keys.Distinct()];
        if (keys.Count > MaxTrustedKeys)
        {
            values.Errors.Add($"phase.trust: {keys.Count} keys; at most {MaxTrustedKeys} are used");
        }
        else if (keys.Count == 0 && values.Errors.Count == 0)
        {
            values.Errors.Add("no trusted key, so no manifest could be verified: add phase.trust=ed25519:... to the kernel command line, "
                + $"put a *.pub file into {MachineTrustDirectory} of the boot image, or use --trust or --trust-dir");
        }

        return keys;
    }

    private static bool TryParseWord(string text, string no, string yes, out bool value)
    {
        value = text == yes;
        return value || text == no;
    }

    private static bool TryParseBoolean(string text, out bool value) => TryParseWord(text, "false", "true", out value);

    private static bool TryParseCaching(string text, out bool value) => TryParseWord(text, "disabled", "enabled", out value);

    private static bool TryParseMode(string text, out PhaseMode mode)
    {
        (mode, bool known) = text switch
        {
            "internet" => (PhaseMode.Internet, true),
            "local" => (PhaseMode.Local, true),
            "private" => (PhaseMode.Private, true),
            _ => (default, false),
        };
        return known;
    }

    private static bool TryParseFailureAction(string text, out FailureAction action)
    {
        (action, bool known) = text switch
        {
            "shell" => (FailureAction.Shell, true),
            "reboot" => (FailureAction.Reboot, true),
            "poweroff" => (FailureAction.Poweroff, true),
            _ => (default, false),
        };
        return known;
    }

    private static bool TryParseBootId(string text, out string bootId)
    {
        bootId = text;
        return text.Length == BootIdLength && text.All(char.IsAsciiHexDigitLower);
    }

    private static bool TryParseSeconds(string text, out TimeSpan time)
    {
        bool isSeconds = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds <= MaxSeconds;
        time = TimeSpan.FromSeconds(seconds);
        return isSeconds;
    }

    private static bool TryParseTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd"], CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
}
