"""Clinical documents in the shape of PIK HL7 CDA 1.3.1: the header common to all, and the file around a body.

Rules H01-H26 of the national implementation guide that concern the header are kept; the schema pack is the oracle in
the tests. The documents are unsigned: a signature would need a certificate that somebody answers for.
"""

from dataclasses import dataclass
from datetime import date
from string import Template

from repository.domain.identifiers import CEZ
from repository.samples.markup import Markup, fill
from repository.samples.people import Doctor, Person, Provider

RELEASE = "1.3.1"

ENVELOPE = Template("""\
<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet href="CDA_PL_IG_1.3.1.xsl" type="text/xsl"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:extPL="http://www.csioz.gov.pl/xsd/extPL/r2" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="extPL:ClinicalDocument">
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <templateId root="$national.13.10.1.$template" extension="$release"/>
  <id root="$national.2.7.$node.7.1" extension="$number" displayable="false"/>
  <code code="$code" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC" displayName="$code_name">
    <translation code="$class_code" codeSystem="$national.11.1.32" codeSystemName="KLAS_DOK_P1"\
 displayName="$class_name"/>
  </code>
  <title>$title</title>
  <effectiveTime value="$day"/>
  <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
  <languageCode code="pl-PL"/>
  <setId root="$national.2.7.$node.7.2" extension="$number"/>
  <versionNumber value="1"/>
$patient
$author
  <custodian>
    <templateId root="$national.13.10.2.5"/>
    <assignedCustodian>
      <representedCustodianOrganization>
        <id root="$national.2.3.1" extension="$book" displayable="false"/>
      </representedCustodianOrganization>
    </assignedCustodian>
  </custodian>
  <legalAuthenticator>
    <templateId root="$national.13.10.2.6"/>
    <time value="$day"/>
    <signatureCode code="S"/>
    <assignedEntity>
      <id root="$national.1.6.2" extension="$npwz" displayable="true"/>
    </assignedEntity>
  </legalAuthenticator>
$events
  <component typeCode="COMP" contextConductionInd="true">
    <structuredBody classCode="DOCBODY" moodCode="EVN">
$sections
    </structuredBody>
  </component>
</ClinicalDocument>
""")

PATIENT = Template("""\
  <recordTarget>
    <templateId root="$national.13.10.2.3"/>
    <patientRole>
      <id root="$national.2.7.$node.17.1" extension="$local_id" displayable="false"/>
      <id root="$national.1.1.616" extension="$pesel" displayable="true"/>
      <addr>
        <city>$town</city>
        <postalCode>$postcode</postalCode>
        <streetName>$street</streetName>
        <houseNumber>$house</houseNumber>
      </addr>
      <patient>
        <name>$given<family>$family</family></name>
        <administrativeGenderCode code="$sex" codeSystem="2.16.840.1.113883.5.1"/>
        <birthTime value="$birth"/>
      </patient>
    </patientRole>
  </recordTarget>""")

AUTHOR = Template("""\
  <author>
    <templateId root="$national.13.10.2.4"/>
    <functionCode code="LEK" codeSystem="$national.11.3.18" displayName="Lekarz"/>
    <time value="$day"/>
    <assignedAuthor>
      <id root="$national.1.6.2" extension="$npwz" displayable="true"/>
      <assignedPerson>
        <templateId root="$national.13.10.2.1"/>
        <name><prefix>lek.</prefix><given>$given</given><family>$family</family></name>
      </assignedPerson>
      <representedOrganization>
        <templateId root="$national.13.10.2.17"/>
        <id root="$national.2.3.2" extension="$book-01" displayable="true"/>
        <name>$provider</name>
        <asOrganizationPartOf>
          <wholeOrganization>
            <id root="$national.2.3.1" extension="$book" displayable="true"/>
            <id root="$national.2.2.1" extension="$regon" displayable="true"/>
            <name>$provider</name>
          </wholeOrganization>
        </asOrganizationPartOf>
      </representedOrganization>
    </assignedAuthor>
  </author>""")


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """One kind of document: suffix of its template, LOINC code, class of the national register P1."""

    template: str
    code: str
    code_name: str
    class_code: str
    class_name: str
    title: str


DISCHARGE_CARD = DocumentKind(
    "18", "18842-5", "Discharge summary", "00.20", "Karta informacyjna leczenia szpitalnego", "Karta informacyjna"
)
DIAGNOSTIC_REPORT = DocumentKind(
    "16", "70004-7", "Diagnostic study note", "06.00", "Opis badania diagnostycznego", "TK klatki piersiowej: opis"
)
LABORATORY_REPORT = DocumentKind(
    "17", "11502-2", "Laboratory report", "06.10", "Wynik badania laboratoryjnego", "Sprawozdanie z badania krwi"
)
REFERRER_LETTER = DocumentKind(
    "28", "51852-2", "Letter", "08.90", "Informacja dla lekarza kierującego/POZ", "Informacja dla lekarza POZ"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What the header of every document says: whom it is about, who wrote it, when and for which provider."""

    patient: Person
    doctor: Doctor
    provider: Provider
    day: date


def clinical_document(kind: DocumentKind, setting: Setting, *, number: int, events: Markup, sections: Markup) -> bytes:
    """The document as UTF-8. `number` is unique among the provider's documents; `events` and `sections` are markup."""
    doctor, provider, day = setting.doctor, setting.provider, f"{setting.day:%Y%m%d}"
    places = {"national": CEZ, "node": str(provider.node), "book": provider.rpwdl_book, "npwz": doctor.npwz}
    author = {"given": doctor.given, "family": doctor.family, "provider": provider.name, "regon": provider.regon}
    return fill(
        ENVELOPE,
        **places,
        release=RELEASE,
        template=kind.template,
        number=str(number),
        code=kind.code,
        code_name=kind.code_name,
        class_code=kind.class_code,
        class_name=kind.class_name,
        title=kind.title,
        day=day,
        patient=_patient(setting.patient, provider),
        author=fill(AUTHOR, **places, **author, day=day),
        events=events,
        sections=sections,
    ).encode()


def _patient(person: Person, provider: Provider) -> Markup:
    given = Markup("".join(f"<given>{fill(Template('$name'), name=name)}</given>" for name in person.given))
    return fill(
        PATIENT,
        national=CEZ,
        node=str(provider.node),
        local_id=person.local_id,
        pesel=person.pesel,
        town=person.town,
        postcode=person.postcode,
        street=person.street,
        house=person.house,
        given=given,
        family=person.family,
        sex=person.sex,
        birth=f"{person.birth:%Y%m%d}",
    )
