"""A clinical document of a synthetic person, with the header of PIK HL7 CDA 1.3.1."""

from tests.builders.dicom import PESEL_ROOT, Person, person

NODE = "2.16.840.1.113883.3.4424.2.7.4242"
STYLESHEET = '<?xml-stylesheet href="CDA_PL_IG_1.3.1.xsl" type="text/xsl"?>'
_SIGNATURE = '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo/></ds:Signature>'


def clinical_document(
    seed: int = 0,
    *,
    version: int = 1,
    study_uid: str = "",
    signed: bool = False,
    body: str = "<text>RTG klatki piersiowej bez zmian</text>",
    encoding: str = "UTF-8",
) -> bytes:
    """A description of a diagnostic examination (template .16) that keeps every header rule."""
    who = person(seed)
    family, given = who.name.split("^")
    study = f'<id root="{study_uid}"/>' if study_uid else ""
    document = f"""<?xml version="1.0" encoding="{encoding}"?>
{STYLESHEET}
<ClinicalDocument xmlns="urn:hl7-org:v3">
<typeId extension="POCD_HD000040" root="2.16.840.1.113883.1.3"/>
<templateId root="2.16.840.1.113883.3.4424.13.10.1.16" extension="1.3.1"/>
<id extension="{seed}.{version}" root="{NODE}.7.1"/>
<code code="70004-7" codeSystem="2.16.840.1.113883.6.1">
<translation code="06.00" codeSystem="2.16.840.1.113883.3.4424.11.1.32"/></code>
<title>Opis badania diagnostycznego</title>
<effectiveTime value="20240506"/>
<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
<languageCode code="pl-PL"/>
<setId extension="{seed}" root="{NODE}.7.2"/>
<versionNumber value="{version}"/>
{_record_target(who, seed=seed, family=family, given=given)}
<author><time value="20240506"/><assignedAuthor><id extension="5425740" root="2.16.840.1.113883.3.4424.1.6.2"/>
<assignedPerson><name><prefix>lek.</prefix><given>Piotr</given><family>Nowak</family></name></assignedPerson>
</assignedAuthor></author>
<custodian><assignedCustodian><representedCustodianOrganization>
<id extension="000000190353" root="2.16.840.1.113883.3.4424.2.3.1"/>
</representedCustodianOrganization></assignedCustodian></custodian>
<legalAuthenticator><time value="20240506"/><signatureCode code="S"/>
<assignedEntity><id extension="5425740" root="2.16.840.1.113883.3.4424.1.6.2"/></assignedEntity></legalAuthenticator>
<inFulfillmentOf><order><id extension="ACC{seed:04d}" root="{NODE}.97"/></order></inFulfillmentOf>
<documentationOf><serviceEvent><id extension="B{seed}" root="{NODE}.99"/>{study}
<code code="87.440" codeSystem="2.16.840.1.113883.3.4424.11.2.6"/>
<effectiveTime><low value="202405060810"/><high value="202405060820"/></effectiveTime></serviceEvent></documentationOf>
{_replaced(seed, version=version)}
<componentOf><encompassingEncounter><id extension="K{seed}" root="{NODE}.98"/>
<code code="7200" codeSystem="2.16.840.1.113883.3.4424.11.2.4"/><effectiveTime value="202405060800"/>
</encompassingEncounter></componentOf>
<component><structuredBody><component><section>{body}</section></component></structuredBody></component>
{_SIGNATURE if signed else ""}</ClinicalDocument>"""
    return document.encode(encoding)


def _record_target(who: Person, *, seed: int, family: str, given: str) -> str:
    givens = "".join(f"<given>{part}</given>" for part in given.split())
    return f"""<recordTarget><patientRole><id extension="L-{seed}" root="{NODE}.17.1"/>
<id extension="{who.pesel}" root="{PESEL_ROOT}"/>
<patient><name>{givens}<family>{family}</family></name>
<administrativeGenderCode code="{who.sex}" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="{who.birth_date}"/>
</patient></patientRole></recordTarget>"""


def _replaced(seed: int, *, version: int) -> str:
    if version < 2:
        return ""
    return f"""<relatedDocument typeCode="RPLC"><parentDocument>
<id extension="{seed}.{version - 1}" root="{NODE}.7.1"/>
<setId extension="{seed}" root="{NODE}.7.2"/><versionNumber value="{version - 1}"/>
</parentDocument></relatedDocument>"""
