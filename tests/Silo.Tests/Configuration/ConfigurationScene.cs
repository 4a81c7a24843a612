using PhaseMesh.Silo.Configuration;

namespace PhaseMesh.Silo.Tests.Configuration;

/// <summary>A directory of its own with a provider.toml, and an environment that is not the process's.</summary>
internal sealed class ConfigurationScene : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("plasmd-configuration-");

    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    public string FilePath => Path.Combine(_directory.FullName, "provider.toml");

    public string DirectoryPath => _directory.FullName;

    public HostSurroundings Host => new()
    {
        Variable = name => Variables.GetValueOrDefault(name),
        DefaultConfigPath = FilePath,
        IsPrivileged = false,
    };

    /// <summary>mission/003, word for word.</summary>
    public const string MissionFile = """
        [provider]
        enabled = true
        port = 8080
        artifacts_dir = "/var/lib/plasm/boot-artifacts"

        [provider.channels.stable]
        arch = ["arm64", "x86_64"]
        kernel = "vmlinuz-stable"
        initramfs = "initramfs-stable.img"
        rootfs = "rootfs-stable.sqfs"

        [provider.channels.testing]
        arch = ["arm64"]
        kernel = "vmlinuz-testing"
        initramfs = "initramfs-testing.img"

        [provider.advertisement]
        dht = true
        mdns = true
        """;

    public ConfigurationScene WithFile(string toml)
    {
        File.WriteAllText(FilePath, toml);
        return this;
    }

    public ConfigurationScene With(string variable, string value)
    {
        Variables[variable] = value;
        return this;
    }

    public ProviderConfiguration Load(ProviderFlags? flags = null) => ProviderConfiguration.Load(flags ?? new ProviderFlags(), Host);

    public ProviderOptions Options(ProviderFlags? flags = null)
    {
        ProviderConfiguration configuration = Load(flags);
        Assert.Empty(configuration.Problems);
        return configuration.ToOptions([], []);
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
