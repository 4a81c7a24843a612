using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Commands.Manifests;
using PhaseMesh.Silo.Commands.Providers;

namespace PhaseMesh.Silo.Commands.Fleet;

/// <summary><c>plasmd fleet</c>: who gets in and who operates.</summary>
internal static class FleetCommands
{
    public static Command Create(CommandContext context) => new("fleet", "Set a fleet up and decide who gets in.")
    {
        Init(context), Status(context), Policy(context), Token(context), Tokens(context), Revoke(context),
    };

    private static PlasmdCommand Init(CommandContext context)
    {
        Option<string?> state = CommandOptions.StateDirectory();
        var output = new Option<string?>("--output", "-o")
        {
            HelpName = "FILE",
            Description = "Where the operator's private key goes (mode 0600). Default: "
                + $"{FleetCommandOptions.OperatorKeyFile} in the state directory.",
        };
        var command = new PlasmdCommand("init", "Make the first operator key, and say what to configure on the silos.", """
            plasmd fleet init
            plasmd fleet init --output ~/fleet.key
            """) { output, state };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(output)
                ?? Path.Combine(SigningKeys.StateDirectory(parsed.GetValue(state), context), FleetCommandOptions.OperatorKeyFile);
            bool isNew = !File.Exists(path);
            if (isNew && Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory)
            {
                Directory.CreateDirectory(directory);
            }

            using Ed25519PrivateKey key = isNew ? Ed25519PrivateKey.Generate() : Ed25519PrivateKey.LoadFile(path);
            if (isNew)
            {
                key.SaveFile(path);
            }

            context.Output.WriteLine($"{(isNew ? "Made" : "There is")} the operator key {path}: {key.PublicKey.KeyId}");
            context.Output.WriteLine($"""

                On every silo, in /etc/plasm/provider.toml:

                [cluster]
                database = "postgres://phasemesh@db.example.org/phasemesh"
                operator_keys = ["{key.PublicKey.KeyId}"]

                Then, from here: plasmd cluster status --fleet http://SILO:8080 --key {path}
                """);
            return ExitCode.Ok;
        });
        return command;
    }

    private static PlasmdCommand Status(CommandContext context)
    {
        FleetCommandOptions options = new();
        var command = new PlasmdCommand("status", "Show the admission policy and the operators.",
            "plasmd fleet status --fleet http://silo1:8080");
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => options.ShowAsync(parsed, context, async session =>
            Write(options, parsed, context, await session.GetAsync("/v1/fleet", cancellationToken)), cancellationToken));
        return command;
    }

    private static PlasmdCommand Policy(CommandContext context)
    {
        FleetCommandOptions options = new();
        var policy = new Argument<string>("POLICY")
        {
            Description = "open: everyone; ticket: who booted here; token: by join token; approve: by hand.",
        };
        policy.AcceptOnlyFromAmong("open", "ticket", "token", "approve");
        var command = new PlasmdCommand("policy", "Set whom the fleet lets in.", """
            # Machines that booted from the fleet get in by their boot's ticket
            plasmd fleet policy ticket
            """) { policy };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => options.ShowAsync(parsed, context, async session =>
            Write(options, parsed, context, await session.ChangeAsync(
                HttpMethod.Put, "/v1/fleet/policy", new JsonObject { ["policy"] = parsed.GetRequiredValue(policy) }, cancellationToken)),
            cancellationToken));
        return command;
    }

    private static PlasmdCommand Token(CommandContext context)
    {
        FleetCommandOptions options = new();
        var name = new Option<string?>("--name") { HelpName = "TEXT", Description = "What it is for." };
        Option<string?> life = CommandOptions.Checked(
            new Option<string?>("--expires")
            {
                HelpName = "TIME",
                Description = "How long it is good: 90m, 12h, 30d, 2w, or a date. Default: 1d.",
            },
            text => ExpiryText.TryParse(text, context.Time.GetUtcNow(), out _), ExpiryText.Rule);
        Option<string?> uses = CommandOptions.Checked(
            new Option<string?>("--uses") { HelpName = "N", Description = "For how many providers. Default: 1." },
            text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
                && count is >= 1 and <= 1000, "1 to 1000");
        var command = new PlasmdCommand("token", "Make a join token; it is shown once.", """
            # For ten providers in rack 7, within a week
            plasmd fleet token --name "rack 7" --uses 10 --expires 1w
            """) { name, life, uses };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => options.ShowAsync(parsed, context, async session =>
        {
            DateTimeOffset now = context.Time.GetUtcNow();
            DateTimeOffset expires = parsed.GetValue(life) is { } text && ExpiryText.TryParse(text, now, out DateTimeOffset given)
                ? given
                : now.AddDays(1);
            JsonElement made = await session.ChangeAsync(HttpMethod.Post, "/v1/fleet/tokens", new JsonObject
            {
                ["name"] = parsed.GetValue(name) ?? "",
                ["lifetime_seconds"] = (expires - now).TotalSeconds,
                ["max_uses"] = int.Parse(parsed.GetValue(uses) ?? "1", CultureInfo.InvariantCulture),
            }, cancellationToken);
            if (options.WantsJson(parsed))
            {
                FleetSession.Print(context, made);
                return;
            }

            context.Output.WriteLine(made.Text("token"));
            context.Error.WriteLine(
                $"Good for {made.Text("max_uses")} until {made.Text("expires")}; not shown again. Its id is {made.Text("id")}.");
        }, cancellationToken));
        return command;
    }

    private static PlasmdCommand Tokens(CommandContext context)
    {
        FleetCommandOptions options = new();
        var command = new PlasmdCommand("tokens", "List the join tokens.", "plasmd fleet tokens");
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => options.ShowAsync(parsed, context, async session =>
        {
            IReadOnlyList<JsonElement> tokens = await session.ListAsync("/v1/fleet/tokens?limit=1000", "tokens", 10_000, cancellationToken);
            if (options.WantsJson(parsed))
            {
                FleetSession.Print(context, tokens);
                return;
            }

            var table = new TableText("ID", "NAME", "USED", "EXPIRES", "REVOKED");
            foreach (JsonElement token in tokens)
            {
                table.Add(
                    token.Text("id"), token.Text("name"), $"{token.Items("used_by").Count()}/{token.Text("max_uses")}",
                    token.Text("expires"), token.Text("revoked_at"));
            }

            table.WriteTo(context);
        }, cancellationToken));
        return command;
    }

    private static PlasmdCommand Revoke(CommandContext context)
    {
        FleetCommandOptions options = new();
        var id = new Argument<string>("ID") { Description = "The token's id, as 'fleet tokens' shows it." };
        var command = new PlasmdCommand("revoke", "Revoke a join token; providers that came with it stay.",
            "plasmd fleet revoke 0123456789abcdef") { id };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => options.ShowAsync(parsed, context, async session =>
        {
            await session.ChangeAsync(
                HttpMethod.Delete, $"/v1/fleet/tokens/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}", default(ReadOnlyMemory<byte>),
                cancellationToken);
            context.Error.WriteLine("Revoked.");
        }, cancellationToken));
        return command;
    }

    private static void Write(FleetCommandOptions options, ParseResult parsed, CommandContext context, JsonElement fleet)
    {
        if (options.WantsJson(parsed))
        {
            FleetSession.Print(context, fleet);
            return;
        }

        context.Output.WriteLine($"policy: {fleet.Text("policy")}");
        foreach (JsonElement key in fleet.Items("configured_operators"))
        {
            context.Output.WriteLine($"operator: {key.GetString()} (configured)");
        }

        foreach (JsonElement known in fleet.Items("operators"))
        {
            context.Output.WriteLine($"operator: {known.Text("key")} {SingleLine.Of(known.Text("name") ?? "")}");
        }
    }
}
