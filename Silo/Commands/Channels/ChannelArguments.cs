using System.CommandLine;
using System.Globalization;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Silo.Commands.Channels;

/// <summary>What the channel commands share.</summary>
internal static class ChannelArguments
{
    private const string Rule = "a channel and an architecture, such as stable/x86_64";

    public static Argument<string> Channel()
    {
        Argument<string> channel = new("CHANNEL") { Description = $"Which: {Rule}." };
        channel.CompletionSources.Add("stable/x86_64", "stable/arm64", "testing/x86_64", "testing/arm64");
        channel.Validators.Add(result =>
        {
            foreach (string value in result.Tokens.Select(token => token.Value).Where(value => !TryParse(value, out _, out _)))
            {
                result.AddError($"CHANNEL is '{value}': expected {Rule}.");
            }
        });
        return channel;
    }

    public static Option<string?> Percent(string description) => CommandOptions.Checked(
        new Option<string?>("--percent") { HelpName = "N", Description = description }, IsPercent, "0 to 100");

    public static Option<string[]> Sign() => new("--sign")
    {
        HelpName = "FILE",
        Description = "A release key: the manifest is made here and signed with it, so that no FILE is needed; may be repeated.",
    };

    public static bool TryParse(string text, out ReleaseChannelName channel, out MachineArch arch)
    {
        (channel, arch) = (default, default);
        string[] parts = text.Split('/');
        return parts.Length == 2 && ReleaseChannelName.TryParse(parts[0], out channel) && MachineArch.TryParse(parts[1], out arch);
    }

    /// <summary>Of an argument that was validated.</summary>
    public static string PathOf(string text) => TryParse(text, out ReleaseChannelName channel, out MachineArch arch)
        ? $"/v1/channels/{channel}/{arch}"
        : throw new ArgumentException($"'{text}' is no channel.");

    private static bool IsPercent(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int percent) && percent <= 100;
}
