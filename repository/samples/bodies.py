"""What the four kinds of sample documents say: their events and sections, and the documents made of them."""

from datetime import timedelta
from random import Random
from string import Template

from repository.domain.identifiers import CEZ
from repository.samples.documents import (
    DIAGNOSTIC_REPORT,
    DISCHARGE_CARD,
    LABORATORY_REPORT,
    REFERRER_LETTER,
    Setting,
    clinical_document,
)
from repository.samples.images import Study
from repository.samples.markup import Markup, fill

ORDER = Template("""\
  <inFulfillmentOf typeCode="FLFS">
    <templateId root="$national.13.10.2.53"/>
    <order classCode="ACT" moodCode="RQO">
      <id root="$national.2.7.$node.97" extension="$accession" displayable="true"/>
    </order>
  </inFulfillmentOf>
""")
SERVICE = Template("""\
  <documentationOf typeCode="DOC">
    <templateId root="$national.13.10.2.51"/>
    <serviceEvent classCode="ACT" moodCode="EVN">
      <id root="$national.2.7.$node.99" extension="$number" displayable="true"/>$study
      <code code="$code" codeSystem="$national.11.2.6" codeSystemName="ICD-9-PL" displayName="$name"/>
      <effectiveTime value="$day"/>
    </serviceEvent>
  </documentationOf>
""")
STAY = Template("""\
  <componentOf typeCode="COMP">
    <templateId root="$national.13.10.2.52"/>
    <encompassingEncounter classCode="ENC" moodCode="EVN">
      <id root="$national.2.7.$node.98" extension="$number" displayable="true"/>
      <code code="4000" codeSystem="$national.11.2.4" displayName="Oddział chorób wewnętrznych"/>
      <effectiveTime><low value="$start"/><high value="$stop"/></effectiveTime>
      <dischargeDispositionCode code="2" codeSystem="$national.11.3.21"/>
    </encompassingEncounter>
  </componentOf>
""")
SECTION = Template("""\
      <component>
        <section>
          <templateId root="$national.13.10.3.$template"/>
          <code code="$code" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC" displayName="$name"/>
          <title>$title</title>
          <text>$text</text>$entries
        </section>
      </component>
""")
RESULT_ROW = Template("""<tr ID="OBS_$row"><td>$name</td><td>$value</td><td>$unit</td></tr>""")
RESULT_ENTRY = Template("""
          <entry typeCode="COMP">
            <observation classCode="OBS" moodCode="EVN">
              <templateId root="$national.13.10.4.20"/>
              <code code="$code" codeSystem="$national.11.2.6" codeSystemName="ICD-9-PL" displayName="$name"/>
              <text><reference value="#OBS_$row"/></text>
              <effectiveTime value="$day"/>
              <value xsi:type="PQ" value="$value" unit="$unit"/>
            </observation>
          </entry>""")
# Code, name, unit, and the bounds of an invented value in hundredths of the unit.
ANALYTES = (
    ("O35", "Sód (Na)", "mmol/l", 13500, 14800),
    ("N45", "Potas (K)", "mmol/l", 350, 530),
    ("L43", "Glukoza <na czczo> & kontrola", "mg/dl", 7000, 11000),
)


def _paragraph(text: str) -> Markup:
    return fill(Template("<paragraph>$text</paragraph>"), text=text)


def _section(template: str, code: str, *, name: str, title: str, text: Markup, entries: str = "") -> Markup:
    return fill(
        SECTION,
        national=CEZ,
        template=template,
        code=code,
        name=name,
        title=title,
        text=text,
        entries=Markup(entries),
    )


def _service(setting: Setting, number: int, *, code: str, name: str, study_uid: str = "") -> Markup:
    """A service event; an imaging study is named by an `id` of its own without extension, which the guide allows."""
    study = fill(Template('\n      <id root="$uid"/>'), uid=study_uid) if study_uid else Markup("")
    return fill(
        SERVICE,
        national=CEZ,
        node=str(setting.provider.node),
        number=str(number),
        study=study,
        code=code,
        name=name,
        day=f"{setting.day:%Y%m%d}",
    )


def discharge_card(setting: Setting, number: int) -> bytes:
    """Karta informacyjna z leczenia szpitalnego, with the stay as an encounter of six days."""
    stay = fill(
        STAY,
        national=CEZ,
        node=str(setting.provider.node),
        number=f"{setting.day.year}/{number}",
        start=f"{setting.day - timedelta(days=6):%Y%m%d}",
        stop=f"{setting.day:%Y%m%d}",
    )
    diagnosis = _section(
        "1", "29548-5", name="Diagnosis", title="Rozpoznanie", text=_paragraph("J18.9 Zapalenie płuc, nieokreślone")
    )
    course = _section(
        "30",
        "10164-2",
        name="History of present illness",
        title="Przebieg leczenia",
        text=_paragraph("Pacjent przyjęty z gorączką i dusznością. Po antybiotykoterapii znaczna poprawa."),
    )
    return clinical_document(DISCHARGE_CARD, setting, number=number, events=stay, sections=Markup(diagnosis + course))


def diagnostic_report(setting: Setting, number: int, *, study: Study) -> bytes:
    """Opis badania diagnostycznego; names the imaging study in `serviceEvent/id` and its order by accession number."""
    order = fill(ORDER, national=CEZ, node=str(setting.provider.node), accession=study.accession)
    service = _service(setting, number, code="87.410", name="TK klatki piersiowej", study_uid=study.uid)
    text = _paragraph("Miąższ płucny bez zmian ogniskowych. Jamy opłucnowe wolne. Węzły chłonne niepowiększone.")
    report = _section("34", "47045-0", name="Study report", title="Opis badania", text=text)
    return clinical_document(DIAGNOSTIC_REPORT, setting, number=number, events=Markup(order + service), sections=report)


def laboratory_report(setting: Setting, number: int, *, rng: Random) -> bytes:
    """Sprawozdanie z badania laboratoryjnego with three invented results, each as a row and as an observation."""
    rows, entries = [], []
    for row, (code, name, unit, lowest, highest) in enumerate(ANALYTES, start=1):
        hundredths = rng.randrange(lowest, highest)
        value = f"{hundredths // 100}.{hundredths % 100:02}"
        shown = {"row": str(row), "name": name, "value": value, "unit": unit}
        rows.append(fill(RESULT_ROW, **shown))
        entries.append(fill(RESULT_ENTRY, **shown, national=CEZ, code=code, day=f"{setting.day:%Y%m%d}"))
    table = Markup(f"<table><tbody>{''.join(rows)}</tbody></table>")
    results = _section(
        "33",
        "30954-2",
        name="Relevant diagnostic tests/laboratory data",
        title="Wyniki",
        text=table,
        entries="".join(entries),
    )
    service = _service(setting, number, code="C55", name="Morfologia krwi")
    return clinical_document(LABORATORY_REPORT, setting, number=number, events=service, sections=results)


def referrer_letter(setting: Setting, number: int) -> bytes:
    """Informacja dla lekarza kierującego."""
    service = _service(setting, number, code="89.00", name="Porada lekarska, konsultacja")
    advice = _section(
        "32",
        "57828-6",
        name="Prescriptions/Prescription list",
        title="Wskazówki dla lekarza kierującego",
        text=_paragraph("Kontrola za trzy miesiące; utrzymać dotychczasowe leczenie. „Źle” znosi β-blokery."),
    )
    return clinical_document(REFERRER_LETTER, setting, number=number, events=service, sections=advice)
