using System.Globalization;

namespace PhaseMesh.Manifests.Canonical;

/// <summary>
/// ECMAScript's Number::toString (ECMA-262 section 6.1.6.1.20), which RFC 8785 section 3.2.2.3 prescribes. .NET finds the same shortest
/// digits but lays them out differently, so only the layout is done here.
/// </summary>
internal static class EcmaScriptNumber
{
    /// <summary>The longest form is 25 characters: <c>-0.00000</c> and 17 digits.</summary>
    internal const int MaxLength = 32;

    /// <summary>10^21 is the first number written with an exponent.</summary>
    private const int MaxPlainPoint = 21;

    /// <summary>10^-6 is the last fraction written without one.</summary>
    private const int MinPlainPoint = -5;

    /// <param name="value">Finite.</param>
    /// <param name="destination">At least <see cref="MaxLength"/> characters.</param>
    /// <returns>How many characters were written.</returns>
    internal static int Format(double value, Span<char> destination)
    {
        Span<char> digits = stackalloc char[MaxLength];
        (int count, int point) = ShortestDigits(Math.Abs(value), digits);
        digits = digits[..count];

        TextCursor text = new(destination);
        if (count == 0)
        {
            text.Append('0'); // Minus zero too: RFC 8785 appendix B.
            return text.Length;
        }

        if (value < 0)
        {
            text.Append('-');
        }

        if (point > MaxPlainPoint || point < MinPlainPoint)
        {
            text.Append(digits[0]);
            if (count > 1)
            {
                text.Append('.');
                text.Append(digits[1..]);
            }

            text.AppendExponent(point - 1);
        }
        else if (point <= 0)
        {
            text.Append("0.");
            text.AppendZeros(-point);
            text.Append(digits);
        }
        else if (point >= count)
        {
            text.Append(digits);
            text.AppendZeros(point - count);
        }
        else
        {
            text.Append(digits[..point]);
            text.Append('.');
            text.Append(digits[point..]);
        }

        return text.Length;
    }

    /// <summary>The fewest digits d1 d2 .. dn that read back as the value, and where the point belongs: 0.d1d2..dn x 10^point.</summary>
    private static (int Count, int Point) ShortestDigits(double value, Span<char> digits)
    {
        Span<char> text = stackalloc char[MaxLength];
        value.TryFormat(text, out int length, "R", CultureInfo.InvariantCulture);
        text = text[..length];

        int exponent = 0;
        int mark = text.IndexOf('E');
        if (mark >= 0)
        {
            exponent = int.Parse(text[(mark + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            text = text[..mark];
        }

        int dot = text.IndexOf('.');
        int point = (dot < 0 ? text.Length : dot) + exponent;
        int count = 0;
        foreach (char character in text)
        {
            if (character == '0' && count == 0)
            {
                point--; // A leading zero; the one before the dot and those after it alike move the first digit right.
            }
            else if (character != '.')
            {
                digits[count++] = character;
            }
        }

        while (count > 0 && digits[count - 1] == '0')
        {
            count--;
        }

        return (count, point);
    }

    private ref struct TextCursor(Span<char> destination)
    {
        private readonly Span<char> _destination = destination;

        public int Length { get; private set; }

        public void Append(char character) => _destination[Length++] = character;

        public void Append(scoped ReadOnlySpan<char> text)
        {
            text.CopyTo(_destination[Length..]);
            Length += text.Length;
        }

        public void AppendZeros(int count)
        {
            _destination.Slice(Length, count).Fill('0');
            Length += count;
        }

        public void AppendExponent(int exponent)
        {
            Append(exponent < 0 ? "e-" : "e+");
            Math.Abs(exponent).TryFormat(_destination[Length..], out int written, default, CultureInfo.InvariantCulture);
            Length += written;
        }
    }
}
