using Microsoft.Extensions.Configuration;
using PhaseMesh.Serving.Toml;
using PhaseMesh.Silo.Configuration;

namespace PhaseMesh.Silo.Tests.Configuration;

public class TomlConfigurationProviderTests
{
    [Fact]
    public void Load_TablesArraysAndScalars_BecomeSections()
    {
        IConfigurationRoot configuration = new ConfigurationBuilder().Add(new TomlConfigurationSource(TomlDocument.Parse("""
            title = "x"
            [server]
            port = 0x1F90
            ratio = 2.50
            on = true
            since = 1979-05-27 07:32:00.5-07:30
            names = ["a", "b"]
            [[server.peer]]
            id.key = 1
            [[server.peer]]
            id.key = 2
            """u8))).Build();

        Assert.Equal("x", configuration["title"]);
        Assert.Equal("8080", configuration["server:port"]);
        Assert.Equal("2.5", configuration["server:ratio"]);
        Assert.Equal("true", configuration["server:on"]);
        Assert.Equal("1979-05-27T07:32:00.5-07:30", configuration["server:since"]);
        Assert.Equal(["a", "b"], configuration.GetSection("server:names").GetChildren().Select(child => child.Value));
        Assert.Equal("2", configuration["server:peer:1:id:key"]);
    }
}
