using System.Buffers;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Grains.Providers;

/// <summary>The bounds of what a node says about itself, enforced.</summary>
internal static class ProviderInput
{
    private static readonly SearchValues<char> CapabilityLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");

    internal static ProviderEnrolment Require(ProviderEnrolment enrolment)
    {
        ImmutableArray<string> addresses = RequireList(enrolment.Addresses, ProviderLimits.MaxAddresses, "addresses",
            $"a multiaddr of at most {ProviderLimits.MaxAddressLength} characters",
            address => address.Length <= ProviderLimits.MaxAddressLength && address.StartsWith('/')
                && address.All(letter => letter is > ' ' and <= '~'));
        ImmutableArray<string> urls = RequireList(enrolment.Urls, ProviderLimits.MaxUrls, "urls",
            $"an http or https URL without user, query or fragment, of at most {ProviderLimits.MaxUrlLength} characters", IsUrl);
        ImmutableArray<string> capabilities = RequireList(enrolment.Capabilities, ProviderLimits.MaxCapabilities, "capabilities",
            $"1 to {ProviderLimits.MaxCapabilityLength} of a-z, 0-9, '.', '_' and '-'",
            text => text.Length is > 0 and <= ProviderLimits.MaxCapabilityLength && !text.AsSpan().ContainsAnyExcept(CapabilityLetters));
        Refuse.UnlessText(enrolment.Name, Refuse.MaxActorLength, "name");
        return MachineArch.TryParse(enrolment.Arch, out MachineArch arch)
            ? enrolment with
            {
                Addresses = addresses,
                Urls = urls,
                Capabilities = capabilities,
                Arch = arch.ToString(),
                Replicas = RequireReplicas(enrolment.Replicas),
            }
            : throw Refuse.Invalid($"arch: expected {MachineArch.Expected}, found {Refuse.Quote(enrolment.Arch)}.");
    }

    internal static void Require(ProviderHeartbeat heartbeat)
    {
        ProviderLoad load = heartbeat.Load ?? throw Refuse.Invalid("load: expected one, found none.");
        if (load.RequestsInFlight < 0 || load.BytesPerSecond < 0 || load.CapacityBytesPerSecond < 0 || !Enum.IsDefined(heartbeat.Health))
        {
            throw Refuse.Invalid($"load: expected no negative numbers and a known health, found {load}, {heartbeat.Health}.");
        }

        if (heartbeat.Replicas is { } replicas)
        {
            RequireReplicas(replicas);
        }
    }

    internal static ImmutableArray<string> RequireReplicas(ImmutableArray<string> replicas) =>
        [.. RequireList(replicas, ProviderLimits.MaxReplicas, "replicas", Sha256Digest.Expected, text => Sha256Digest.TryParse(text, out _))
            .Order(StringComparer.Ordinal)];

    private static ImmutableArray<string> RequireList(ImmutableArray<string> items, int maxCount, string name, string expected,
        Func<string, bool> isGood)
    {
        if (items.IsDefaultOrEmpty)
        {
            return [];
        }

        if (items.Length > maxCount)
        {
            throw Refuse.Invalid($"{name}: expected at most {maxCount}, found {items.Length}.");
        }

        foreach (string? item in items)
        {
            if (item is null || !isGood(item))
            {
                throw Refuse.Invalid($"{name}: expected {expected}, found {Refuse.Quote(item)}.");
            }
        }

        return [.. items.Distinct(StringComparer.Ordinal)];
    }

    private static bool IsUrl(string text) =>
        text.Length <= ProviderLimits.MaxUrlLength && Uri.TryCreate(text, UriKind.Absolute, out Uri? url)
        && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)
        && url.UserInfo.Length == 0 && url.Query.Length == 0 && url.Fragment.Length == 0;
}
