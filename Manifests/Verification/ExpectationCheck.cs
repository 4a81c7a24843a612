using PhaseMesh.Manifests.Reading;

namespace PhaseMesh.Manifests;

/// <summary>Is a manifest with good signatures the one that was asked for?</summary>
internal static class ExpectationCheck
{
    internal static (ManifestRefusal Refusal, string Message) Run(BootManifest manifest, ManifestExpectation expected)
    {
        if (expected.Channel is { } channel && channel != manifest.Channel)
        {
            return (ManifestRefusal.WrongChannel, $"Manifest is for channel {manifest.Channel}, expected {channel}; refusing it.");
        }

        if (expected.Arch is { } arch && arch != manifest.Arch)
        {
            return (ManifestRefusal.WrongArch, $"Manifest is for {manifest.Arch}, expected {arch}; its kernel cannot run here, refusing it.");
        }

        if (expected.Now is { } now && manifest.Expires is { } expires && now >= expires)
        {
            return (ManifestRefusal.Expired,
                $"Manifest expired at {Rfc3339.Format(expires)}, it is {Rfc3339.Format(now)}; refusing it. "
                + "Sign a newer release, or correct this machine's clock.");
        }

        if (expected.MinimumRelease is { } minimum && (manifest.Release ?? long.MinValue) < minimum)
        {
            return (ManifestRefusal.ReleaseTooOld, manifest.Release is { } release
                ? $"Manifest release {release} is older than trusted {minimum}; refusing rollback."
                : $"Manifest has no release number, expected at least {minimum}; refusing it as a possible rollback.");
        }

        return (ManifestRefusal.None, "");
    }
}
