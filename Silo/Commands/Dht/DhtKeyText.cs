using System.Diagnostics.CodeAnalysis;
using System.Text;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Pointers;

namespace PhaseMesh.Silo.Commands.Dht;

/// <summary>A key as people type it: <c>stable/x86_64</c>, or the whole, <c>/phase/stable/x86_64/manifest</c>.</summary>
/// <param name="Key">The whole.</param>
/// <param name="Slot"><c>stable/x86_64</c>, with the canonical name of the architecture; null for a key that is no manifest's.</param>
internal sealed record DhtKeyText(string Key, string? Slot)
{
    public const string Rule = "CHANNEL/ARCH such as stable/x86_64, or a whole key such as /phase/stable/x86_64/manifest of at most 512 bytes";
    private const int MaxBytes = 512;

    public static bool TryParse(string text, [NotNullWhen(true)] out DhtKeyText? key)
    {
        string[] parts = text.Split('/');
        key = parts switch
        {
            [var channel, var arch] when text[0] != '/' => OfSlot(channel, arch),
            ["", ManifestPointer.Namespace, var channel, var arch, "manifest"] => OfSlot(channel, arch),
            ["", { Length: > 0 }, ..] when Encoding.UTF8.GetByteCount(text) <= MaxBytes && !text.Any(char.IsControl) => new(text, null),
            _ => null,
        };
        return key is not null;
    }

    private static DhtKeyText? OfSlot(string channel, string arch) =>
        ReleaseChannelName.TryParse(channel, out ReleaseChannelName name) && MachineArch.TryParse(arch, out MachineArch machine)
            ? new(ManifestPointer.KeyOf(name, machine), $"{name}/{machine}")
            : null;
}
