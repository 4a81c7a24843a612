using System.CommandLine;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Configuration;

namespace PhaseMesh.Silo.Commands;

/// <summary>Options that several commands share, each checked by the rule that the same setting has in provider.toml.</summary>
internal static class CommandOptions
{
    public static Option<string?> Artifacts(string description) => Checked(
        new Option<string?>("--artifacts", "-a") { HelpName = "DIR", Description = description }, ProviderSettings.ArtifactsDirectory);

    public static Option<string?> StateDirectory() => Checked(
        new Option<string?>("--state-dir")
        {
            HelpName = "DIR",
            Description = "Where the node identity lives. Default: $STATE_DIRECTORY, /var/lib/plasm as root, else $XDG_STATE_HOME/plasm.",
        },
        ProviderSettings.StateDirectory);

    public static Option<string?> Config() => Checked(
        new Option<string?>("--config", "-c")
        {
            HelpName = "FILE",
            Description = $"The configuration file. Default: {ProviderFile.DefaultPath}, if there is one.",
        },
        ProviderSettings.ArtifactsDirectory);

    public static Option<string?> Channel(string description)
    {
        var option = new Option<string?>("--channel") { HelpName = "NAME", Description = description };
        option.CompletionSources.Add("stable", "testing");
        return Checked(option, ProviderSettings.Channel);
    }

    public static Option<string?> Arch(string description) => WithArchs(new Option<string?>("--arch")
    {
        HelpName = "ARCH",
        Description = description,
    });

    public static Option<string[]> Archs(string description) => WithArchs(new Option<string[]>("--arch")
    {
        HelpName = "ARCH",
        Description = description,
    });

    public static Option<string[]> Keys(string description) =>
        Checked(new Option<string[]>("--key", "-k") { HelpName = "FILE", Description = description }, ProviderSettings.ArtifactsDirectory);

    public static Option<string[]> Trust(string description) => new("--trust") { HelpName = "KEY", Description = description };

    public static Option<string?> Mode()
    {
        var option = new Option<string?>("--mode")
        {
            HelpName = "MODE",
            Description = "internet; local (nothing beyond the LAN); private (announce nothing). Default: internet (PLASM_MODE).",
        };
        option.CompletionSources.Add("internet", "local", "private");
        return Checked(option, ProviderSettings.Mode);
    }

    public static Option<string[]> Bootstrap() => Checked(
        new Option<string[]>("--bootstrap")
        {
            HelpName = "ADDRESS",
            Description = "A peer to join the DHT by, a multiaddr; may be repeated. Default: the configuration's (PLASM_BOOTSTRAP).",
        },
        ProviderSettings.Bootstrap);

    public static Option<string?> PeersFile() => Checked(
        new Option<string?>("--peers-file")
        {
            HelpName = "FILE",
            Description = "A file with more such peers, one a line (PLASM_PEERS_FILE).",
        },
        ProviderSettings.PeersFile);

    /// <summary>Adds a setting's rule to an option; every value given must keep it.</summary>
    public static TOption Checked<TOption>(TOption option, ConfigurationSetting setting)
        where TOption : Option => Checked(option, setting.IsValid, setting.Rule);

    public static TOption Checked<TOption>(TOption option, Func<string, bool> isValid, string rule)
        where TOption : Option
    {
        option.Validators.Add(result =>
        {
            foreach (string value in result.Tokens.Select(token => token.Value).Where(value => !isValid(value)))
            {
                result.AddError($"{option.Name} is '{value}': expected {rule}.");
            }
        });
        return option;
    }

    private static TOption WithArchs<TOption>(TOption option)
        where TOption : Option
    {
        option.CompletionSources.Add(MachineArch.X64.ToString(), MachineArch.Arm64.ToString());
        return Checked(option, ProviderSettings.Arch);
    }
}
