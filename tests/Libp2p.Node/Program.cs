using System.Text;
using System.Text.Json.Nodes;
using PhaseMesh.TestKit.JsPeers;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;

// One DHT node on loopback in a process of its own, which a test can kill. It is driven over stdin with the words of peer.mjs, as far as
// they are needed: one JSON command per line in, one JSON answer per line out ({"id", "ok", ...}). The end of stdin ends it.
using IdentityKey identity = IdentityKey.Generate();
await using Libp2pHost host = await Libp2pHost.StartAsync(new HostOptions
{
    Identity = identity,
    ListenAddresses = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
});
await using KademliaDht dht = await KademliaDht.StartAsync(host, new KadOptions
{
    Namespaces = new Dictionary<string, IRecordRules> { ["phase"] = new NumberRules() },
});
while (await Console.In.ReadLineAsync() is { } line)
{
    JsonObject command = JsonNode.Parse(line)!.AsObject();
    JsonObject answer = [];
    try
    {
        answer = await RunAsync(command);
        answer["ok"] = true;
    }
    catch (Exception exception) when (exception is IOException or ArgumentException or FormatException)
    {
        answer["ok"] = false;
        answer["error"] = exception.Message;
    }
    answer["id"] = command["id"]!.GetValue<int>();
    await Console.Out.WriteLineAsync(answer.ToJsonString());
    await Console.Out.FlushAsync();
}

async Task<JsonObject> RunAsync(JsonObject command)
{
    switch (Text("command"))
    {
        case "start":
            return new JsonObject { ["addresses"] = new JsonArray(host.Addresses[0].WithPeer(host.LocalPeer).ToString()) };
        case "dial":
            await host.ConnectAsync(Multiaddr.Parse(Text("address")));
            return [];
        case "join":
            await dht.BootstrapAsync();
            return [];
        case "table":
            return new JsonObject { ["size"] = dht.RoutingTableSize };
        case "put":
            return new JsonObject { ["answered"] = await dht.PutValueAsync(Text("key"), Encoding.UTF8.GetBytes(Text("value"))) };
        case "get":
            byte[]? value = await dht.GetValueAsync(Text("key"));
            return new JsonObject { ["value"] = value is null ? null : Encoding.UTF8.GetString(value) };
        case "provide":
            return new JsonObject { ["told"] = await dht.ProvideAsync(Key()) };
        case "providers":
            JsonArray providers = [];
            await foreach (KadPeer provider in dht.FindProvidersAsync(Key()))
            {
                providers.Add(provider.Id.ToString());
            }
            return new JsonObject { ["providers"] = providers };
        default:
            throw new ArgumentException($"'{Text("command")}' is no command.");
    }

    string Text(string name) => command[name]!.GetValue<string>();

    byte[] Key() => [0x12, 0x20, .. Convert.FromHexString(Text("digest"))];
}
