using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Responding;

/// <summary>What an asker will want next (RFC 6763 section 12): behind a PTR the SRV and TXT, behind an SRV the addresses.</summary>
internal static class AdditionalRecords
{
    public static List<OwnedRecord> For(IReadOnlyCollection<OwnedRecord> answers, Dictionary<DnsName, List<OwnedRecord>> index)
    {
        HashSet<OwnedRecord> taken = [.. answers];
        List<OwnedRecord> additionals = [];
        foreach (OwnedRecord answer in answers)
        {
            Follow(answer);
        }

        return additionals;

        void Follow(OwnedRecord from)
        {
            switch (from.Record.Data)
            {
                case PointerData pointer:
                    Take(pointer.Target, owned => owned.Record.Type is RecordType.Srv or RecordType.Txt);
                    break;
                case ServiceData service:
                    Take(service.Target, IsAddressOrAbsence);
                    break;
                case AddressData:
                    Take(from.Record.Name, IsAddressOrAbsence);
                    break;
            }
        }

        void Take(DnsName name, Predicate<OwnedRecord> isWanted)
        {
            foreach (OwnedRecord owned in index.GetValueOrDefault(name, []))
            {
                if (isWanted(owned) && taken.Add(owned))
                {
                    additionals.Add(owned);
                    Follow(owned);
                }
            }
        }

        // The NSEC says which address family the host lacks (RFC 6762 section 6.2).
        static bool IsAddressOrAbsence(OwnedRecord owned) => owned.Record.Type is RecordType.A or RecordType.Aaaa or RecordType.Nsec;
    }
}
