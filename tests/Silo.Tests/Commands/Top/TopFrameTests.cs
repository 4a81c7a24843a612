using PhaseMesh.Silo.Commands.Top;

namespace PhaseMesh.Silo.Tests.Commands.Top;

/// <summary>The pictures of <c>plasmd top</c>.</summary>
public class TopFrameTests
{
    [Fact]
    public void Render_80x24_ShowsTheFunnelAndWhatIsWrongFirst() => Assert.Equal("""
        plasmd top  live                                                silo1  12:00:00Z
        10 min: 120 begun, 111 joined, 2 failed, 1 lost, 11.1/min
        providers: 2 serving, 1 quarantined; silos: 1 active, 1 lost
        created         1 |#####...............|
        discovered      0 |....................|
        manifest        0 |....................|
        fetching        4 |####################| 1 stuck 25 % of 144.0 MiB, 3.0 MiB/s
        verified        0 |....................|
        kexec           1 |#####...............|

        [boots] providers  channels  silos   8 rows
        BOOT     STATE                    PROGRESS          RATE AGE
        00000004 stuck in fetching        ##........       0 B/s 3 min 20 s
        00000008 lost: silent                                    1 min 30 s
        00000007 failed: fetch_failed                            1 min 39 s
        00000003 fetching                 ###.......   1.0 MiB/s 45 s
        00000002 fetching                 #####.....   2.0 MiB/s 30 s
        00000006 kexec                    #########.             20 s
        00000005 fetching                 ##........       0 B/s 10 s
        00000001 created                  ..........             2 s



        q quit  f filter  enter show  b boots  p providers  c channels  s silos
        """, TopScene.Text(TopScene.Small(), new TopView(), 80, 24));

    [Fact]
    public void Render_40x10_KeepsWhatMatters() => Assert.Equal("""
        plasmd top  live        silo1  12:00:00Z
        10 min: 120 begun, 111 joined, 2 failed,
        cr 1 di 0 ma 0 fe 4 25 % ve 0 ke 1

        [boots] providers  channels  silos   8 r
        BOOT     STATE
        00000004 stuck in fetching
        00000008 lost: silent
        00000007 failed: fetch_failed
        q quit  f filter  b p c s panes
        """, TopScene.Text(TopScene.Small(), new TopView(), 40, 10));

    [Fact]
    public void Render_Wide_HasEveryColumn() => Assert.Equal("""
        plasmd top  live                                                                                                            silo1  12:00:00Z
        10 min: 120 begun, 111 joined, 2 failed, 1 lost, 11.1/min
        providers: 2 serving, 1 quarantined; silos: 1 active, 1 lost
        created         1 |#####...............|
        discovered      0 |....................|
        manifest        0 |....................|
        fetching        4 |####################| 1 stuck 25 % of 144.0 MiB, 3.0 MiB/s
        verified        0 |....................|
        kexec           1 |#####...............|

        [boots] providers  channels  silos   8 rows
        BOOT     STATE                    PROGRESS   FETCHED                      RATE AGE         CHANNEL          MACHINE
        00000004 stuck in fetching        ##........ 1.0 MiB of 48.0 MiB         0 B/s 3 min 20 s  stable/x86_64    dmi-4
        00000008 lost: silent                                                          1 min 30 s  stable/x86_64    dmi-8
        00000007 failed: fetch_failed                                                  1 min 39 s  stable/x86_64    dmi-7
        00000003 fetching                 ###....... 12.0 MiB of 48.0 MiB    1.0 MiB/s 45 s        stable/x86_64    dmi-3
        00000002 fetching                 #####..... 24.0 MiB of 48.0 MiB    2.0 MiB/s 30 s        stable/x86_64    dmi-2
        00000006 kexec                    #########. 48.0 MiB of 48.0 MiB              20 s        stable/x86_64    dmi-6
        00000005 fetching                 ##........                             0 B/s 10 s        stable/x86_64    ?[31mevil??
        00000001 created                  ..........                                   2 s         stable/x86_64    dmi-1



        q quit  f filter  enter show  b boots  p providers  c channels  s silos
        """, TopScene.Text(TopScene.Small(), new TopView(), 140, 24));

    [Fact]
    public void Render_Providers_AreGroupedBySite() => Assert.Equal("""
        plasmd top  live                                                                              silo1  12:00:00Z
        10 min: 120 begun, 111 joined, 2 failed, 1 lost, 11.1/min
        created 1 > discovered 0 > manifest 0 > fetching 4 25 % > verified 0 > kexec 1

         boots [providers] channels  silos   5 rows
        PROVIDER               STATE           IN FLIGHT       SENDS LOAD       REPLICAS WEIGHT SEEN
        ams2                   1 of 1 serve            3  10.0 MiB/s
          web3                 serving                 3  10.0 MiB/s                   2      1 3 s
        fra1                   1 of 2 serve           12 400.0 MiB/s
          web2                 quarantined             0       0 B/s                   2      1 3 s
          web1                 serving                12 400.0 MiB/s ####......        2      1 3 s
        q quit  f filter  b boots  p providers  c channels  s silos
        """, TopScene.Text(TopScene.Small(), new TopView { Pane = TopPane.Providers }, 110, 12));

    [Fact]
    public void Render_Channels_ShowTheirRollout() => Assert.Equal("""
        plasmd top  live                                                                              silo1  12:00:00Z
        10 min: 120 begun, 111 joined, 2 failed, 1 lost, 11.1/min
        created 1 > discovered 0 > manifest 0 > fetching 4 25 % > verified 0 > kexec 1

         boots  providers [channels] silos   2 rows
        CHANNEL              RELEASE ROLLOUT                            OTHERS GET PUBLISHED   VERSION
        stable/x86_64             42 25 %                                       41 1 h 0 min   2027.01.30
        testing/x86_64             7 halted at 50 %: 3 of 10 boots fail          - 1 d 0 h     beta
        q quit  f filter  b boots  p providers  c channels  s silos
        """, TopScene.Text(TopScene.Small(), new TopView { Pane = TopPane.Channels }, 110, 9));

    [Fact]
    public void Render_Silos_AndGateways()
    {
        TopModel model = TopScene.Small();
        model.Gateways =
        [
            new TopGateway(new Uri("http://gw1:8081"), TopScene.Json("""
                {"state":"serving","uptime_seconds":7200,"load":{"connections":9,"requests_in_flight":4,"bytes_sent":1073741824},"providers":[{},{}]}
                """), null),
            new TopGateway(new Uri("http://gw2:8081"), null, "no answer within 1 s"),
        ];
        Assert.Equal("""
        plasmd top  live                                                                                                  silo1  12:00:00Z
        10 min: 120 begun, 111 joined, 2 failed, 1 lost, 11.1/min
        created 1 > discovered 0 > manifest 0 > fetching 4 25 % > verified 0 > kexec 1

         boots  providers  channels [silos]  4 rows
        NAME                   STATE        UP          SEEN     ADDRESS                  NOTE
        silo1                  active       3 h 0 min   2 s      10.0.0.1:8080            version 0.1.0, answers here, 42 grains
        silo2                  lost         3 h 0 min   10 min 0 10.0.0.2:8080            version 0.1.0
        gateway                serving      2 h 0 min            gw1:8081                 4 in flight, 9 connections, 1.0 GiB sent, 2 prov
        gateway                no answer                         gw2:8081                 no answer within 1 s
        q quit  f filter  b boots  p providers  c channels  s silos
        """, TopScene.Text(model, new TopView { Pane = TopPane.Silos }, 130, 11));
    }

    [Fact]
    public void Render_Filter_LeavesWhatHasIt()
    {
        string text = TopScene.Text(TopScene.Small(), new TopView { Filter = "FAILED" }, 100, 24);
        Assert.Contains("failed: fetch_failed", text, StringComparison.Ordinal);
        Assert.Contains("1 rows  filter: FAILED", text, StringComparison.Ordinal);
        Assert.Contains("Nothing has that in it", TopScene.Text(TopScene.Small(), new TopView { Filter = "nowhere" }, 100, 24),
            StringComparison.Ordinal);
        Assert.Contains("type what rows shall have", TopScene.Text(TopScene.Small(), new TopView { IsTyping = true }, 100, 24),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Render_NoSiloAnswers_SaysSoAndKeepsWhatIsKnown()
    {
        TopModel model = TopScene.Small();
        model.Problem = "No silo answers: http://silo1:8080/: refused.";
        string text = TopScene.Text(model, new TopView(), 100, 24);
        Assert.StartsWith("plasmd top  stale", text, StringComparison.Ordinal);
        Assert.Contains(model.Problem, text, StringComparison.Ordinal);
        Assert.Contains("stuck in fetching", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_TextFromTheNetwork_CannotDraw()
    {
        TopFrame frame = TopScene.Frame(TopScene.Small(), new TopView(), 140, 24);
        Assert.Contains(frame.Lines, line => line.Text.Contains("?[31mevil??", StringComparison.Ordinal));
        Assert.DoesNotContain(frame.Lines, line => line.Text.Any(char.IsControl));
    }

    [Fact]
    public void Render_ShownBoot_BreaksLongLinesAndScrolls()
    {
        TopModel model = TopScene.Small();
        model.Detail = new TopDetail("b1", [.. Enumerable.Range(1, 30).Select(i => $"line {i} {new string('x', 60)}")]);
        TopView view = new() { ShownBoot = "b1", Scroll = 3 };
        string text = TopScene.Text(model, view, 50, 12);
        Assert.DoesNotContain("line 1 ", text, StringComparison.Ordinal);
        Assert.Contains($"line 3 {new string('x', 43)}\n    {new string('x', 17)}\nline 4 ", text, StringComparison.Ordinal);
        Assert.Equal(60, TopFrame.DetailLines(model, "b1", 50));
        Assert.Contains("Asking for boot b2", TopScene.Text(model, view with { ShownBoot = "b2" }, 50, 12), StringComparison.Ordinal);
    }

    [Fact]
    public void Render_FiveThousandBoots_KeepsTheSelectedOneInSight()
    {
        TopModel model = new(TimeProvider.System);
        for (int i = 0; i < 5000; i++)
        {
            model.Apply(TopScene.Boot(i, "fetching", seconds: 5000 - i));
        }

        TopFrame first = TopScene.Frame(model, new TopView(), 100, 30);
        Assert.Equal(5000, first.Rows.Count);
        string wanted = TopScene.Boot(4321, "fetching", 1).Id;
        TopFrame later = TopScene.Frame(model, new TopView { Selected = wanted }, 100, 30);
        Assert.Contains(later.Lines, line => line.Text.StartsWith(wanted[..8], StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(10, 2)]
    [InlineData(20, 5)]
    [InlineData(500, 200)]
    public void Render_AnySize_FillsExactlyIt(int columns, int rows)
    {
        foreach (TopPane pane in Enum.GetValues<TopPane>())
        {
            TopFrame frame = TopFrame.Render(TopScene.Small(), new TopView { Pane = pane }, new Silo.Commands.TerminalSize(columns, rows), TopScene.Now);
            Assert.Equal(rows, frame.Lines.Count);
        }
    }
}
