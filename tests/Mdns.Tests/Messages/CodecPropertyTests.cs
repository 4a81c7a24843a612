using FsCheck;
using FsCheck.Fluent;
using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Tests.Messages;

public sealed class CodecPropertyTests
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(300);

    [Fact]
    public void Response_AnyRecords_ReadBackEqualAndInOrder() =>
        Prop.ForAll(Generators.Records.ListOf().ToArbitrary(), records =>
        {
            List<DnsRecord> read = [.. MessageComposer.Response(records, []).SelectMany(packet => Read(packet).Answers)];
            return read.SequenceEqual(records).Label(Generators.Describe(read));
        }).Check(Runs);

    [Fact]
    public void Query_AnyQuestions_ReadBackEqual() =>
        Prop.ForAll(Generators.Questions.ListOf().ToArbitrary(), questions =>
            MessageComposer.Query(questions, []).SelectMany(packet => Read(packet).Questions).SequenceEqual(questions)).Check(Runs);

    [Fact]
    public void Packets_WithoutOversizeRecords_FitTheirFrame() =>
        Prop.ForAll(Generators.Records.ListOf().ToArbitrary(), records =>
            MessageComposer.Response(records, records).TrueForAll(packet =>
                packet.Length <= MessageLimits.PreferredMessageBytes || Read(packet).Answers.Count == 1)).Check(Runs);

    [Fact]
    public void Name_AnyLabels_SurvivesPresentationFormat() =>
        Prop.ForAll(Generators.Names.ToArbitrary(), name => DnsName.Parse(name.ToString()).Equals(name)).Check(Runs);

    [Fact]
    public void TryRead_AnyBytes_NeverThrows() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            // A plausible header makes the walk go further than noise would.
            byte[] packet = [0, 0, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 1, .. bytes];
            return MessageReader.TryRead(packet, out _, out MessageError error) || error.Expected.Length > 0;
        }).Check(Runs.WithMaxTest(2000));

    private static DnsMessage Read(ReadOnlyMemory<byte> packet)
    {
        Assert.True(MessageReader.TryRead(packet.Span, out DnsMessage? message, out MessageError error), error.ToString());
        return message;
    }
}
