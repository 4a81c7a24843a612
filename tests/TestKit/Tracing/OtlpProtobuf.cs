using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace PhaseMesh.TestKit.Tracing;

/// <summary>
/// Reads an ExportTraceServiceRequest of protobuf's wire format, as far as a <see cref="ReceivedSpan"/> goes. Numbers of fields are those
/// of opentelemetry/proto/trace/v1/trace.proto, resource/v1/resource.proto and common/v1/common.proto.
/// </summary>
internal static class OtlpProtobuf
{
    public static IEnumerable<ReceivedSpan> SpansOf(byte[] request) =>
        from resourceSpans in Fields(request).Where(field => field.Number == 1)
        let resource = Attributes(Fields(resourceSpans.Bytes).Where(field => field.Number == 1).SelectMany(found => Fields(found.Bytes)), 1)
        from scopeSpans in Fields(resourceSpans.Bytes).Where(field => field.Number == 2)
        from span in Fields(scopeSpans.Bytes).Where(field => field.Number == 2)
        select SpanOf([.. Fields(span.Bytes)], resource);

    private static ReceivedSpan SpanOf(Field[] span, IReadOnlyDictionary<string, string> resource)
    {
        Field[] status = [.. span.Where(field => field.Number == 15).SelectMany(field => Fields(field.Bytes))];
        return new ReceivedSpan
        {
            TraceId = Convert.ToHexStringLower(Last(span, 1).Bytes),
            SpanId = Convert.ToHexStringLower(Last(span, 2).Bytes),
            ParentSpanId = Convert.ToHexStringLower(Last(span, 4).Bytes),
            Name = Last(span, 5).Text,
            Kind = (int)Last(span, 6).Number64,
            Start = Last(span, 7).Number64,
            End = Last(span, 8).Number64,
            Attributes = Attributes(span, 9),
            Events =
            [
                .. span.Where(field => field.Number == 11).Select(field => Fields(field.Bytes).ToArray())
                    .Select(told => new ReceivedEvent(Last(told, 2).Text, Last(told, 1).Number64, Attributes(told, 3))),
            ],
            StatusMessage = Last(status, 2).Text,
            StatusCode = (int)Last(status, 3).Number64,
            Resource = resource,
        };
    }

    private static Dictionary<string, string> Attributes(IEnumerable<Field> fields, int number) => fields
        .Where(field => field.Number == number).Select(field => Fields(field.Bytes).ToArray())
        .ToDictionary(pair => Last(pair, 1).Text, pair => ValueOf([.. Fields(Last(pair, 2).Bytes)]));

    private static string ValueOf(Field[] value) => value is not [.., var last] ? "" : last.Number switch
    {
        1 => last.Text,
        2 => last.Number64 != 0 ? "true" : "false",
        3 => last.Number64.ToString(CultureInfo.InvariantCulture),
        4 => BitConverter.Int64BitsToDouble(last.Number64).ToString(CultureInfo.InvariantCulture),
        _ => $"(field {last.Number})",
    };

    private static Field Last(Field[] fields, int number) =>
        fields.LastOrDefault(field => field.Number == number, new Field(number, 0, []));

    /// <exception cref="InvalidDataException">They are no protobuf.</exception>
    private static IEnumerable<Field> Fields(byte[] bytes)
    {
        for (int at = 0; at < bytes.Length;)
        {
            long tag = Varint(bytes, ref at);
            int number = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    yield return new Field(number, Varint(bytes, ref at), []);
                    break;
                case 1:
                    yield return new Field(number, BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at, 8)), []);
                    at += 8;
                    break;
                case 2:
                    int length = checked((int)Varint(bytes, ref at));
                    yield return new Field(number, 0, bytes.AsSpan(at, length).ToArray());
                    at += length;
                    break;
                case 5:
                    yield return new Field(number, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at, 4)), []);
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"Wire type {tag & 7} of field {number}: expected 0, 1, 2 or 5.");
            }
        }
    }

    private static long Varint(byte[] bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte part = bytes[at++];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                return (long)value;
            }
        }

        throw new InvalidDataException("A number of more than 10 bytes.");
    }

    private readonly record struct Field(int Number, long Number64, byte[] Bytes)
    {
        public string Text => Encoding.UTF8.GetString(Bytes);
    }
}
