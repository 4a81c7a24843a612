using PhaseMesh.Silo.Configuration;
using PhaseMesh.Silo.Tests.Configuration;

namespace PhaseMesh.Silo.Tests.Joining;

public sealed class FleetConfigurationTests : IDisposable
{
    private const string BootId = "00112233445566778899aabbccddeeff";

    private readonly ConfigurationScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void Boot_HandsOverWhatInitExports_EmptyOnesCountAsNone()
    {
        FleetMembershipOptions fleet = _scene.With("PLASM_FLEET", "http://silo1:8080,http://silo2").With("PLASM_BOOT_ID", BootId)
            .With("PLASM_BOOT_TICKET", "pt1-00-ff")
            .With("PLASM_BOOT_TRACE", "/phase/trace.json").With("PLASM_BOOT_USER_SPACE", "1.53").With("PLASM_FLEET_TOKEN", "")
            .Options(new ProviderFlags { ArtifactsDirectory = "a" }).Fleet;

        Assert.Equal(["http://silo1:8080/", "http://silo2/"], fleet.Urls.Select(url => url.ToString()));
        Assert.Equal((BootId, "pt1-00-ff", null), (fleet.BootId, fleet.BootTicket, fleet.JoinToken));
        Assert.Equal(("/phase/trace.json", TimeSpan.FromSeconds(1.53)), (fleet.BootTrace, fleet.UserSpaceAt));
    }

    [Theory]
    [InlineData("PLASM_BOOT_ID", "0")]
    [InlineData("PLASM_BOOT_TICKET", "a b")]
    [InlineData("PLASM_BOOT_USER_SPACE", "-1")]
    [InlineData("PLASM_BOOT_USER_SPACE", "1e9")]
    [InlineData("PLASM_BOOT_USER_SPACE", "31536000")]
    [InlineData("PLASM_BOOT_USER_SPACE", "soon")]
    public void Boot_HandsOverNonsense_ServesAllTheSame(string variable, string value)
    {
        FleetMembershipOptions fleet = _scene.With(variable, value).Options(new ProviderFlags { ArtifactsDirectory = "a" }).Fleet;

        Assert.Equal((null, null, null), (fleet.BootId, fleet.BootTicket, fleet.UserSpaceAt));
    }

    [Fact]
    public void File_NamesFleetSiteAndRack_AllIsTakenOver()
    {
        FleetMembershipOptions fleet = _scene.WithFile("""
            [provider]
            artifacts_dir = "a"
            [fleet]
            url = "https://silo"
            token = "pj1-0-0"
            site = "fra1"
            rack = "r12"
            capabilities = ["ssd", "10g"]
            """).Options().Fleet;

        Assert.Equal(("pj1-0-0", "fra1", "r12"), (fleet.JoinToken, fleet.Site, fleet.Rack));
        Assert.Equal(["ssd", "10g"], fleet.Capabilities);
    }

    [Theory]
    [InlineData("url = \"http://silo/path\"")]
    [InlineData("site = \"Frankfurt am Main\"")]
    [InlineData("capabilities = [\"\"]")]
    public void File_BreaksARule_IsAnError(string line) => Assert.Single(_scene.WithFile($"[fleet]\n{line}\n").Load().Problems);

    [Fact]
    public void Token_OfAnotherForm_IsRefusedWithoutShowingIt()
    {
        ConfigurationProblem inFile = Assert.Single(_scene.WithFile("[fleet]\ntoken = \"hunter2\"\n").Load().Problems);
        using ConfigurationScene other = new();
        ConfigurationProblem inEnvironment = Assert.Single(other.With("PLASM_FLEET_TOKEN", "hunter2").Load().Problems);

        Assert.DoesNotContain("hunter2", $"{inFile} {inEnvironment}", StringComparison.Ordinal);
    }
}
