using System.Text;
using PhaseMesh.BootAgent.Fleet;
using PhaseMesh.BootAgent.Parameters;

namespace PhaseMesh.BootAgent.Tests.Fleet;

public sealed class FleetPartsTests : IDisposable
{
    private readonly string _sys = Directory.CreateTempSubdirectory("phase-sys-").FullName;

    public void Dispose() => Directory.Delete(_sys, recursive: true);

    [Theory]
    [InlineData("http://silo:8080", "http://silo:8080")]
    [InlineData("https://[fe80::1]:8443/", "https://[fe80::1]:8443")]
    [InlineData("http://silo/path", null)]
    [InlineData("http://user@silo", null)]
    [InlineData("http://silo?x=1", null)]
    [InlineData("http://silo init=/bin/sh", null)]
    [InlineData("http://silo\"", null)]
    [InlineData("ftp://silo", null)]
    [InlineData("silo:8080", null)]
    [InlineData("", null)]
    public void RootUrl_OnlyRootsThatFitACommandLine(string text, string? expected)
    {
        Assert.Equal(expected, RootUrl.TryParse(text, out RootUrl? url) ? url.Text : null);
        Assert.False(RootUrl.TryParse("http://" + new string('a', RootUrl.MaxLength), out _));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"ticket":null,"current":null,"more":{"deep":[1,2,3]}}""")]
    [InlineData("""{"ticket":"pt1-00-ff"}""")]
    [InlineData("""{"current":{"manifest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","release":null}}""")]
    public void FleetAnswer_WellFormed_IsRead(string json) => Assert.True(FleetAnswer.TryRead(Encoding.UTF8.GetBytes(json), out _));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"ticket":""}""")]
    [InlineData("""{"ticket":7}""")]
    [InlineData("""{"ticket":"a b"}""")]
    [InlineData("""{"ticket":"a\nb"}""")]
    [InlineData("""{"ticket":"a\"b"}""")]
    [InlineData("""{"ticket":"\ud800"}""")]
    [InlineData("""{"current":[]}""")]
    [InlineData("""{"current":{}}""")]
    [InlineData("""{"current":{"manifest":"sha256:zz"}}""")]
    [InlineData("""{"x":[[[[[[[[[[[[[[1]]]]]]]]]]]]]]}""")]
    public void FleetAnswer_AnythingElse_IsNone(string json)
    {
        Assert.False(FleetAnswer.TryRead(Encoding.UTF8.GetBytes(json), out FleetAnswer? answer));
        Assert.Null(answer);
    }

    [Fact]
    public void FleetAnswer_TicketNotUtf8OrTooLong_IsNone()
    {
        Assert.False(FleetAnswer.TryRead(Encoding.Latin1.GetBytes("{\"ticket\":\"\u00ff\"}"), out _));
        Assert.False(FleetAnswer.TryRead(Encoding.UTF8.GetBytes($"{{\"ticket\":\"{new string('a', 129)}\"}}"), out _));
    }

    [Fact]
    public void FleetAnswer_Shown_HasNoTicket()
    {
        Assert.True(FleetAnswer.TryRead("{\"ticket\":\"secret\"}"u8.ToArray(), out FleetAnswer? answer));
        Assert.Equal("secret", answer.Ticket);
        Assert.DoesNotContain("secret", $"{answer}", StringComparison.Ordinal);
    }

    [Fact]
    public void MachineId_FirmwareHasAUuid_IsThat()
    {
        Write("class/dmi/id/product_uuid", "4C4C4544-0033-4A10-8053-B4C04F4A4D32\n");
        Card("eth0", "52:54:00:aa:bb:cc", "0");

        Assert.Equal("dmi-4c4c4544-0033-4a10-8053-b4c04f4a4d32", MachineId.Read(_sys));
    }

    [Theory]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    [InlineData("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF")]
    [InlineData("03000200-0400-0500-0006-000700080009")]
    [InlineData("Not Settable")]
    [InlineData(null)]
    public void MachineId_NoUuidOfItsOwn_IsTheHashOfTheFirstCardsAddress(string? uuid)
    {
        if (uuid is not null)
        {
            Write("class/dmi/id/product_uuid", uuid);
        }

        Card("eth1", "52:54:00:aa:bb:cd", "0");
        Card("wlan0", "00:00:00:00:00:01", "1"); // Made up at random.
        Write("class/net/lo/address", "00:00:00:00:00:00");
        Write("class/net/br0/address", "00:00:00:00:00:02"); // No hardware.
        Write("class/net/br0/addr_assign_type", "0");
        string? before = MachineId.Read(_sys);
        Card("eth0", "52:54:00:aa:bb:ce", "0"); // Found in another order at the next boot.

        Assert.Matches("^mac-[0-9a-f]{32}$", before);
        Assert.Equal(before, MachineId.Read(_sys));
        Assert.DoesNotContain("525400", before, StringComparison.Ordinal);
    }

    [Fact]
    public void MachineId_NothingToGoBy_IsNone() => Assert.Null(MachineId.Read(_sys));

    private void Card(string name, string address, string assigned)
    {
        Write($"class/net/{name}/address", address + "\n");
        Write($"class/net/{name}/addr_assign_type", assigned + "\n");
        Directory.CreateDirectory(Path.Combine(_sys, $"class/net/{name}/device"));
    }

    private void Write(string path, string text)
    {
        string file = Path.Combine(_sys, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
