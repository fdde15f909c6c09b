"""Opens an XML file and returns its elements as a tree. Entities are neither expanded nor fetched."""

from typing import Any

from lxml import etree

from shared.sandbox.limits import MOST_ELEMENTS

_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
)


def read_xml(content: bytes) -> tuple[Any, list[bytes]]:
    """Return {"root": [tag, attributes, text, children]}, or {"unreadable": code}. Codes: damaged, doctype,
    too-large."""
    try:
        root = etree.fromstring(content, _PARSER)
    except etree.XMLSyntaxError:
        return {"unreadable": "damaged"}, []
    if root.getroottree().docinfo.internalDTD is not None:
        return {"unreadable": "doctype"}, []
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        return {"unreadable": "too-large"}, []
    return {"root": _tree(root)}, []


def _tree(element: etree._Element) -> list[Any]:
    children = [_tree(child) for child in element if isinstance(child.tag, str)]
    return [element.tag, dict(element.attrib), element.text or "", children]
